import { z } from 'zod';
import { benchmarkSchema } from './benchmark.ts';
import { offeredEntrySchema } from './catalogue.ts';
import {
  breakdownKeySchema,
  breakdownRowSchema,
  entryDetailSchema,
  entryFilterSchema,
  entryPageSchema,
  periodSchema,
  providerTotalsSchema,
  seriesPointSchema,
  yearlyRowSchema,
} from './earnings.ts';
import { sharePreviewSchema } from './hybrid.ts';
import { modelSchema } from './model.ts';
import { priceLamportsSchema } from './money.ts';
import { instantSchema } from './node-status.ts';
import { providerSchema, proxyConfigSchema } from './provider.ts';
import { foundServerSchema, remoteServerSchema, shownServerSchema } from './remote-server.ts';
import { energyDaySchema, hardwareReportSchema, mostEnergyDays, resourcesSchema } from './resources.ts';
import { settingsPatchSchema, settingsSchema } from './settings.ts';
import { dataItemSchema, dataPreviewSchema, dataSourceSchema } from './training-data.ts';
import {
  addressCheckSchema,
  claimSummarySchema,
  payerSchema,
  paymentSchema,
  signInRequestSchema,
  walletAnswerSchema,
  walletQuestionSchema,
  walletWaySchema,
} from './wallet.ts';
import { delegationSchema } from './wire/delegation.ts';

const nothing = z.strictObject({});
const done = z.null();

/** Calls that the node host answers, `domain.verb`. */
export const hostCalls = {
  'app.info': {
    input: nothing,
    output: z.object({
      version: z.string(),
      machine: z.string(),
      platform: z.string(),
      profileDir: z.string(),
    }),
  },
  'node.start': { input: nothing, output: done },
  /** Stops taking jobs at once and ends after `forMinutes`, or when the operator resumes. */
  'node.pause': {
    input: z.strictObject({ forMinutes: z.int().min(1).max(10_080).optional() }),
    output: done,
  },
  'node.resume': { input: nothing, output: done },
  /** Passes over the reasons to pause that the operator may overrule, for a while; 0 ends that. */
  'node.earnAnyway': { input: z.strictObject({ forMinutes: z.int().min(0).max(1440) }), output: done },
  /** What a position of the slider between serving and training would mean. */
  'hybrid.preview': {
    input: z.strictObject({ trainingSharePercent: z.int().min(0).max(100) }),
    output: sharePreviewSchema,
  },
  /** Drains and deregisters; resolves when the node has stopped. */
  'node.stop': { input: nothing, output: done },
  'settings.get': { input: nothing, output: settingsSchema },
  'settings.update': { input: settingsPatchSchema, output: settingsSchema },
  /** Checks a Solana address, and says what speaks against being paid there. */
  'wallet.check': {
    input: z.strictObject({ address: z.string().max(200) }),
    output: addressCheckSchema,
  },
  /** What the wallet signs once so that the node's own key may register, report and sign receipts for 30 days. */
  'wallet.signInRequest': { input: nothing, output: signInRequestSchema },
  /** Takes a Sign In With Solana: binds the wallet that is paid. */
  'wallet.bind': { input: delegationSchema, output: done },
  /** Takes the node key's right back, at the gateway too. */
  'wallet.revoke': { input: nothing, output: done },
  /** The text that the bound wallet signs to agree to another payout address; null where none is bound. */
  'wallet.changeRequest': {
    input: z.strictObject({ address: z.string().max(200) }),
    output: z.object({ message: z.string().nullable() }),
  },
  /** Sets who is paid; with a bound wallet its signature (base58) under the message of `wallet.changeRequest`. */
  'wallet.setPayout': {
    input: z.strictObject({ address: z.string().max(200), signature: z.string().max(100).optional() }),
    output: done,
  },
  /** Reads the balances anew. */
  'wallet.refresh': { input: nothing, output: done },
  /** Asks the gateway for a payout that the operator's wallet signs, and tries it out. */
  'payouts.prepare': { input: nothing, output: claimSummarySchema },
  /** Checks the signed transaction against what was prepared, sends it and follows it. */
  'payouts.submit': {
    input: z.strictObject({ id: z.string().max(64), transaction: z.string().max(2000) }),
    output: paymentSchema,
  },
  'payouts.list': {
    input: z.strictObject({ limit: z.int().min(1).max(500).default(100) }),
    output: z.array(paymentSchema),
  },
  'payers.list': { input: nothing, output: z.array(payerSchema) },
  'payers.block': {
    input: z.strictObject({ payer: z.string().max(128), blocked: z.boolean() }),
    output: done,
  },
  /** Writes disputed work of a payer off, for good: it stays disputed, and counts to the payer's credit no more. */
  'payers.writeOff': {
    input: z.strictObject({
      gatewayUrl: z.string().max(500),
      network: z.string().max(100),
      asset: z.string().max(64),
      payer: z.string().max(128),
      /** What the operator saw; refused where less is left. */
      amountLamports: priceLamportsSchema,
    }),
    output: done,
  },
  /** Asks a gateway what it is, without registering. */
  'network.check': {
    input: z.strictObject({ url: z.string().max(500) }),
    output: z.object({
      service: z.string(),
      version: z.string(),
      extensions: z.array(z.string()),
      latencyMs: z.number(),
    }),
  },
  'models.add': { input: z.strictObject({ path: z.string().min(1).max(4096) }), output: modelSchema },
  'models.remove': { input: z.strictObject({ id: z.string() }), output: done },
  /** Adds a model to those that are served, or takes it from them. */
  'models.serve': { input: z.strictObject({ id: z.string(), serve: z.boolean() }), output: done },
  'models.serveOnly': { input: z.strictObject({ id: z.string() }), output: done },
  /** A pinned model stays loaded. */
  'models.pin': { input: z.strictObject({ id: z.string(), pinned: z.boolean() }), output: done },
  /** The catalogue, with what each model would take on this computer. */
  'models.catalogue': { input: nothing, output: z.array(offeredEntrySchema) },
  /** Measures how fast this computer runs a model; takes up to two minutes. */
  'models.benchmark': { input: z.strictObject({ id: z.string() }), output: benchmarkSchema },
  /** Measures how the processor's threads are best divided for a model, and keeps to it; the node stops for it, for some minutes. */
  'models.optimise': { input: z.strictObject({ id: z.string() }), output: benchmarkSchema },
  /** Downloads a model of the catalogue, or goes on with it. */
  'downloads.start': { input: z.strictObject({ id: z.string() }), output: done },
  'downloads.pause': { input: z.strictObject({ id: z.string() }), output: done },
  /** Ends a download and deletes what has come. */
  'downloads.cancel': { input: z.strictObject({ id: z.string() }), output: done },
  /** Asks the usual ports of this computer for inference servers. */
  'servers.find': { input: nothing, output: z.array(foundServerSchema) },
  /** Takes a server's model into the store; `models.remove` takes it out again. */
  'servers.add': { input: remoteServerSchema, output: shownServerSchema },
  /** Adds a provider, or changes it; `key` null takes its key away, absent leaves it. Asks it for its models. */
  'providers.set': {
    input: z.strictObject({
      provider: providerSchema,
      key: z.string().min(1).max(4096).nullable().optional(),
    }),
    output: done,
  },
  'providers.remove': { input: z.strictObject({ id: z.string() }), output: done },
  /** Asks a provider for its models, which costs nothing and tests its key. */
  'providers.test': { input: z.strictObject({ id: z.string() }), output: z.array(z.string()) },
  /** Changes what holds for all providers: routes, prices, strategy, commission, budgets, the price of a SOL. */
  'providers.configure': {
    input: proxyConfigSchema.omit({ providers: true }).partial(),
    output: done,
  },
  /** One request to a model, as a client would send it, from the operator himself: it costs what it costs, and earns nothing. */
  'providers.try': {
    input: z.strictObject({ model: z.string().min(1).max(256), prompt: z.string().min(1).max(20_000) }),
    output: z.object({
      text: z.string(),
      target: z.string(),
      costMicroUsd: z.int(),
      promptTokens: z.int(),
      generatedTokens: z.int(),
      latencyMs: z.number(),
    }),
  },
  /** Holds the training of the present round within its batch, and goes on with it. */
  'training.pause': { input: nothing, output: done },
  'training.resume': { input: nothing, output: done },
  /** Leaves the present round; it earns nothing. */
  'training.giveUp': { input: nothing, output: done },
  /** Installs the engine for NVIDIA GPUs, for some minutes; `training.status` tells how it went. */
  'training.installEngine': { input: nothing, output: done },
  /** Reads a source without keeping it; with a task, also what of it that task can use. */
  'training.previewData': {
    input: z.strictObject({ source: dataSourceSchema, taskId: z.string().max(64).optional() }),
    output: dataPreviewSchema,
  },
  /** Keeps a source under a name; its files stay where they are. */
  'training.addData': {
    input: z.strictObject({ name: z.string().min(1).max(200), source: dataSourceSchema }),
    output: dataItemSchema,
  },
  /** Forgets a source; its files stay. */
  'training.removeData': { input: z.strictObject({ id: z.string() }), output: done },
  'queue.cancel': { input: z.strictObject({ id: z.string() }), output: done },
  /** A page by its first row's number, or the entries just older or newer than one; the newest where none is named. */
  'earnings.entries': {
    input: z.strictObject({
      row: z.int().min(0).optional(),
      /** Entries older than this id, or newer. */
      beforeId: z.int().optional(),
      afterId: z.int().optional(),
      limit: z.int().min(1).max(500).default(100),
      filter: entryFilterSchema.optional(),
    }),
    output: entryPageSchema,
  },
  'earnings.entry': { input: z.strictObject({ id: z.int() }), output: entryDetailSchema },
  /** `offsetMinutes` is the reader's offset from UTC, east positive, for the edges of days. */
  'earnings.series': {
    input: z.strictObject({
      bucket: z.enum(['hour', 'day']),
      count: z.int().min(1).max(400),
      offsetMinutes: z.int().min(-840).max(840).multipleOf(15).default(0),
    }),
    output: z.array(seriesPointSchema),
  },
  /** What each model, gateway or type of work brought since a local midnight, the most first. */
  'earnings.breakdown': {
    input: z.strictObject({ period: periodSchema, by: breakdownKeySchema }),
    output: z.array(breakdownRowSchema),
  },
  /** Models and gateways that entries can be filtered by. */
  'earnings.names': {
    input: nothing,
    output: z.object({ models: z.array(z.string()), gateways: z.array(z.string()) }),
  },
  /** A year by month and network. `monthStarts` are the reader's local midnights of 1 January to the next 1 January. */
  'earnings.yearly': {
    input: z.strictObject({ monthStarts: z.array(z.int().min(0)).length(13) }),
    output: z.array(yearlyRowSchema),
  },
  /** By provider, since the ledger was begun; empty where none ever answered. */
  'earnings.providers': { input: nothing, output: z.array(providerTotalsSchema) },
  /** The next 20,000 entries as lines of CSV, oldest first, the heading before the first; `nextAfterId` null: that was all. */
  'earnings.csvPart': {
    input: z.strictObject({ afterId: z.int().min(0).default(0) }),
    output: z.object({ csv: z.string(), nextAfterId: z.int().nullable() }),
  },
  'resources.history': { input: nothing, output: z.array(resourcesSchema) },
  /** Electricity by local day, the newest last: of at most eleven years. */
  'resources.energy': {
    input: z.strictObject({ days: z.int().min(1).max(mostEnergyDays) }),
    output: z.array(energyDaySchema),
  },
  /** Names of programs that run now, for the list of exclusive ones. */
  'resources.programs': { input: nothing, output: z.array(z.string()) },
  'resources.hardware': { input: nothing, output: hardwareReportSchema },
  /** The key with which programs on this computer use the node's API. */
  'access.key': { input: nothing, output: z.object({ key: z.string() }) },
  'access.renewKey': { input: nothing, output: z.object({ key: z.string() }) },
} as const;

/** Calls that only the desktop shell answers; headless they fail with `request/not-found`. */
export const shellCalls = {
  'shell.info': { input: nothing, output: z.object({ desktop: z.literal(true) }) },
  /** Opens the system's file dialog; null when the operator closes it. */
  'shell.pickModelFile': { input: nothing, output: z.string().nullable() },
  /** The same for any file or folder: the path that was chosen, or null. */
  'shell.pickPath': {
    input: z.strictObject({ kind: z.enum(['file', 'folder']) }),
    output: z.string().nullable(),
  },
  /**
   * Asks the wallet in the system's browser, over a page on this computer, or on a phone, over the relay, and waits up to five minutes. `signIn` and `signMessage`
   * give base64 of what was signed and a base58 signature; `signTransaction` gives the base64 of the signed transaction, which nobody has sent.
   */
  'shell.askWallet': {
    input: z.strictObject({ question: walletQuestionSchema, via: walletWaySchema }),
    output: walletAnswerSchema,
  },
  /** The page of the question that waits, for another browser or the phone, and until when it is good; null when none waits. */
  'shell.walletLink': {
    input: nothing,
    output: z
      .object({
        url: z.string(),
        via: walletWaySchema,
        expiresAt: instantSchema,
        /** Four digits that a phone's page shows too; null in a browser. */
        code: z.string().nullable(),
      })
      .nullable(),
  },
  /** Takes back the question that waits: it fails with `wallet/cancelled`. */
  'shell.cancelWallet': { input: nothing, output: done },
  /**
   * Asks where to save a file and opens it, to be written piece by piece; null when the operator closes the dialog. This and the two
   * below fail with `file/not-writable` or `disk/full`.
   */
  'shell.createFile': {
    input: z.strictObject({ fileName: z.string().max(200) }),
    output: z.object({ id: z.int(), path: z.string() }).nullable(),
  },
  'shell.appendFile': { input: z.strictObject({ id: z.int(), text: z.string() }), output: done },
  /** Puts the written file in its place; `keep` false throws it away. */
  'shell.closeFile': { input: z.strictObject({ id: z.int(), keep: z.boolean() }), output: done },
  /** Starts a node host that has failed. */
  'shell.startHost': { input: nothing, output: done },
  /** Opens the folder of settings, keys, models and ledger. */
  'shell.openDataFolder': { input: nothing, output: done },
  'shell.showInFolder': { input: z.strictObject({ path: z.string() }), output: done },
} as const;

export const calls = { ...hostCalls, ...shellCalls } as const;

export type CallName = keyof typeof calls;
export type HostCallName = keyof typeof hostCalls;
export type ShellCallName = keyof typeof shellCalls;
/** What a caller passes (before defaults are filled in). */
export type CallInput<N extends CallName> = z.input<(typeof calls)[N]['input']>;
/** What a handler receives (parsed). */
export type ParsedInput<N extends CallName> = z.output<(typeof calls)[N]['input']>;
export type CallOutput<N extends CallName> = z.output<(typeof calls)[N]['output']>;

export const isShellCall = (name: string): name is ShellCallName => Object.hasOwn(shellCalls, name);
export const isHostCall = (name: string): name is HostCallName => Object.hasOwn(hostCalls, name);
