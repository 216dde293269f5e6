import { z } from 'zod';
import { defaultManners, mannersShape } from './manners.ts';
import { priceLamportsSchema } from './money.ts';

/** Which gateway the node works for. */
export const networkSettingSchema = z.discriminatedUnion('kind', [
  /** A gateway that this computer runs itself, with test credits. */
  z.strictObject({ kind: z.literal('local') }),
  z.strictObject({ kind: z.literal('gateway'), url: z.url({ protocol: /^https?$/ }) }),
]);
export type NetworkSetting = z.infer<typeof networkSettingSchema>;

/**
 * Address of a relay for wallets on phones, and the key that it wants of apps. https, for whoever alters the page on its way could ask the
 * wallet for anything.
 */
export const relayUrlSchema = z
  .url({ protocol: /^https?$/ })
  .regex(
    /^(https:\/\/[^/?#@\s]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)\/[A-Za-z0-9_-]{16,64}$/,
    'the address that the relay told when it started, as https://relay.example/… with its key',
  );

const autoOr = (min: number, max: number) => z.union([z.literal('auto'), z.int().min(min).max(max)]);

/** Everything an operator can set. Stored as settings.json in the profile. */
export const settingsSchema = z.strictObject({
  onboarded: z.boolean(),
  /** base58 Solana address that is paid; null until the operator gives one (test credits need none). */
  payoutAddress: z.string().nullable(),
  network: networkSettingSchema,
  /** Requests a minute that the local test network sends to this node; 0 sends none. */
  testRequestsPerMinute: z.int().min(0).max(600),

  /** Port of the node's HTTP API; 0 lets the system choose. */
  apiPort: z.int().min(0).max(65_535),
  /** Listen on all interfaces instead of loopback only. */
  listenOnAllInterfaces: z.boolean(),
  /** Address under which the gateway reaches this node, when it is not on this computer. */
  publicUrl: z.url({ protocol: /^https?$/ }).nullable(),
  requestsPerMinutePerKey: z.int().min(1).max(1_000_000),

  /** Serve models of this computer; off: only what providers answer is sold. */
  serveOwnModels: z.boolean(),
  /** Ids of the models to serve; the first is loaded at the start, the others when they are asked for. */
  servedModels: z.array(z.string()).min(1).max(64),
  /** Ids of models that stay loaded. */
  pinnedModels: z.array(z.string()).max(64),
  /** Models loaded at once, as far as memory goes. */
  mostLoadedModels: z.int().min(1).max(16),
  /** Minutes after which a model that nobody asks for is unloaded; 0 keeps it. */
  idleUnloadMinutes: z.int().min(0).max(10_080),
  /** Answers to exactly repeated, deterministic requests are kept in this much memory; 0 keeps none. */
  responseCacheMegabytes: z.int().min(0).max(65_536),
  /** Redis in which several nodes share their kept answers; null for none. */
  responseCacheUrl: z.url({ protocol: /^rediss?$/ }).nullable(),
  responseCacheMinutes: z.int().min(1).max(10_080),
  /** What an answer from the cache costs, in percent of the price. */
  cacheHitPricePercent: z.int().min(0).max(100),
  /** Tokens of context for each request; `auto` is the model's own up to 4,096. */
  contextSize: autoOr(128, 1_048_576),
  /** Requests generated at once in one batch; `auto` by memory, at most 8. */
  parallelRequests: autoOr(1, 64),
  threads: autoOr(1, 512),
  /** Processes that run a model on the processor, with the threads divided among them; `auto` is what was measured, else 1. */
  engineProcesses: autoOr(1, 16),
  gpu: z.enum(['auto', 'off']),
  /** Requests in work at once, running and waiting. */
  queueLimit: z.int().min(1).max(10_000),
  /** Seconds a request may take in all, waiting included, when its sender names no deadline. */
  requestTimeoutSeconds: z.int().min(1).max(3600),
  /** Seconds that running requests get to finish when the node stops. */
  drainSeconds: z.int().min(0).max(600),

  /** Solana RPC addresses in order of preference; empty: the public one of the gateway's cluster. */
  solanaRpcUrls: z.array(z.url({ protocol: /^https?$/ })).max(8),
  /** Work that one payer may owe without a voucher, and without having paid, in lamports. */
  unvoucheredLimitLamports: priceLamportsSchema,
  unsettledLimitLamports: priceLamportsSchema,
  /** What all payers of one gateway may owe together without having paid, in lamports. */
  gatewayLimitLamports: priceLamportsSchema,
  /** Payers that are not served, by their address. */
  blockedPayers: z.array(z.string().max(128)).max(1000),
  /** Over which wallets on phones answer; null: none do. */
  phoneRelayUrl: relayUrlSchema.nullable(),
  /** Who sends payouts: the gateway by itself, or the operator by a claim. */
  payoutBy: z.enum(['gateway', 'claim']),
  /** What is told by the system's notifications. */
  notifyFirstEarning: z.boolean(),
  notifyPayout: z.boolean(),
  notifyDispute: z.boolean(),
  /** Currency that earnings are shown in beside SOL, and its millionths for a SOL with the day that it was looked up; null: the providers' dollar price. */
  fiat: z
    .strictObject({
      currency: z.string().regex(/^[A-Z]{3}$/, 'three letters, as EUR'),
      microPerSol: z.int().min(0).max(1_000_000_000_000),
      at: z.number(),
    })
    .nullable(),

  pricePerRequestLamports: priceLamportsSchema,
  pricePerMillionTokensLamports: priceLamportsSchema,

  /** Origins from which models are downloaded: the hub, then its mirrors. */
  modelHubs: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .max(8),
  /** `http://host:port` of a proxy for downloads; null for none. */
  downloadProxy: z.url({ protocol: /^https?$/ }).nullable(),
  /** Space for models in GB; for a download the least recently served ones are deleted. 0: no limit. */
  modelsQuotaGigabytes: z.int().min(0).max(100_000),

  /** Take part in federated training. */
  takePartInTraining: z.boolean(),
  /** Train for gateways without secure aggregation's extension too: such a gateway sees what this node alone has learnt. */
  trainForPlainGateways: z.boolean(),
  /** Ids of tasks to take part in; empty: all that this computer has data for. */
  trainingTasks: z.array(z.string().max(64)).max(64),
  /** Threads that training may use; `auto` is what its share gives it. */
  trainingThreads: autoOr(1, 512),
  /** Memory that training may use, in MB. */
  trainingMemoryMegabytes: z.int().min(256).max(1_048_576),
  /** Most privacy (ε at `privacyDelta`) that may be spent on this computer's data, over all tasks; then private tasks are left out. */
  privacyBudgetEpsilon: z.number().min(0).max(1000),
  privacyDelta: z.number().positive().max(0.1),

  ...mannersShape,

  /** Network speed in Mbit/s to announce when the system does not know it. */
  declaredNetworkMbps: z.int().min(1).max(1_000_000).nullable(),

  startEarningOnLaunch: z.boolean(),
  theme: z.enum(['system', 'light', 'dark']),
});
export type Settings = z.infer<typeof settingsSchema>;

export const defaultSettings: Settings = {
  onboarded: false,
  payoutAddress: null,
  network: { kind: 'local' },
  testRequestsPerMinute: 12,
  apiPort: 8100,
  listenOnAllInterfaces: false,
  publicUrl: null,
  requestsPerMinutePerKey: 600,
  serveOwnModels: true,
  servedModels: ['tiny-chat-Q8_0'],
  pinnedModels: [],
  mostLoadedModels: 2,
  idleUnloadMinutes: 15,
  responseCacheMegabytes: 0,
  responseCacheUrl: null,
  responseCacheMinutes: 60,
  cacheHitPricePercent: 50,
  contextSize: 'auto',
  parallelRequests: 'auto',
  threads: 'auto',
  engineProcesses: 'auto',
  gpu: 'auto',
  queueLimit: 100,
  requestTimeoutSeconds: 60,
  drainSeconds: 30,
  solanaRpcUrls: [],
  unvoucheredLimitLamports: '20000000',
  unsettledLimitLamports: '100000000',
  gatewayLimitLamports: '200000000',
  blockedPayers: [],
  phoneRelayUrl: null,
  payoutBy: 'gateway',
  notifyFirstEarning: true,
  notifyPayout: true,
  notifyDispute: true,
  fiat: null,
  pricePerRequestLamports: '1000',
  pricePerMillionTokensLamports: '2000000',
  modelHubs: ['https://huggingface.co'],
  downloadProxy: null,
  modelsQuotaGigabytes: 0,
  takePartInTraining: false,
  trainForPlainGateways: false,
  trainingTasks: [],
  trainingThreads: 'auto',
  trainingMemoryMegabytes: 2048,
  privacyBudgetEpsilon: 8,
  privacyDelta: 1e-5,
  ...defaultManners,
  declaredNetworkMbps: null,
  startEarningOnLaunch: false,
  theme: 'system',
};

/** The first of the settings that cannot hold together, with a sentence that says why; null where all can. */
export function contradiction(settings: Settings): { field: keyof Settings; message: string } | null {
  const { computeSchedule, networkSchedule, pauseBelowPowerCost, powerMicroUsdPerKwh } = settings;
  if (pauseBelowPowerCost && powerMicroUsdPerKwh === null)
    return {
      field: 'pauseBelowPowerCost',
      message: 'To rest while electricity costs more than is earned, its price has to be known.',
    };
  if (computeSchedule && networkSchedule) {
    const compute = computeSchedule.join('');
    const network = networkSchedule.join('');
    const never = ![...compute].some((allowed, index) => allowed === '1' && network[index] === '1');
    // A week without any hours is a wish of its own.
    if (never && compute.includes('1') && network.includes('1'))
      return {
        field: 'networkSchedule',
        message: 'There is no half hour in which both computing and the network are allowed.',
      };
  }
  return null;
}

/** What `settings.update` takes: any part of the settings. */
export const settingsPatchSchema = settingsSchema.partial();
export type SettingsPatch = z.infer<typeof settingsPatchSchema>;
