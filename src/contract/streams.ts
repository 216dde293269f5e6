import { z } from 'zod';
import { benchmarkSchema } from './benchmark.ts';
import { downloadSchema } from './download.ts';
import { earningsSummarySchema } from './earnings.ts';
import { hostStateSchema } from './host-state.ts';
import { hybridStatusSchema } from './hybrid.ts';
import { queueEventSchema } from './job.ts';
import { engineSchema, modelSchema } from './model.ts';
import { nodeStatusSchema, servingStatsSchema } from './node-status.ts';
import { noticeSchema } from './notice.ts';
import { proxyStatusSchema } from './provider.ts';
import { shownServerSchema } from './remote-server.ts';
import { powerBalanceSchema, resourcesSchema } from './resources.ts';
import { settingsSchema } from './settings.ts';
import { trainingHistorySchema, trainingStatusSchema } from './training.ts';
import { dataItemSchema } from './training-data.ts';
import { moneySumsSchema, paymentSchema, walletStatusSchema } from './wallet.ts';

/**
 * What the node host publishes. A signal's subscriber gets the present value at once and then each new one
 * (values in between may be left out); `queue.items` is a stream that starts with a snapshot and leaves nothing out.
 */
export const hostStreams = {
  'node.status': nodeStatusSchema,
  'node.serving': servingStatsSchema,
  /** One for each model that is served, in the setting's order. */
  'node.engines': z.array(engineSchema),
  'settings.current': settingsSchema,
  'models.list': z.array(modelSchema),
  'models.benchmarks': z.array(benchmarkSchema),
  'downloads.list': z.array(downloadSchema),
  'servers.list': z.array(shownServerSchema),
  'proxy.status': proxyStatusSchema,
  'training.status': trainingStatusSchema,
  'training.history': trainingHistorySchema,
  /** Loss of the present round's training by step, at most 200 points. */
  'training.curve': z.array(z.object({ step: z.int(), loss: z.number() })),
  /** Local data that tasks may be trained on, what is built in first. */
  'training.data': z.array(dataItemSchema),
  'queue.items': queueEventSchema,
  'earnings.summary': earningsSummarySchema,
  /** Ids of entries that are new or changed, so that an open table can ask for them. */
  'earnings.changed': z.object({ latestId: z.int(), changes: z.int() }),
  'resources.current': resourcesSchema,
  /** What the operator wants to be told of, since the host started: each once, also over restarts. */
  notices: z.array(noticeSchema),
  'wallet.status': walletStatusSchema,
  /** Where every lamport stands. */
  'earnings.sums': moneySumsSchema,
  /** The payouts that are not final yet, and the latest that are. */
  'payouts.latest': z.array(paymentSchema),
  /** What electricity takes of the earnings. */
  'resources.power': powerBalanceSchema,
  /** How the machine is shared between serving and training. */
  'hybrid.status': hybridStatusSchema,
} as const;

/** What only the desktop shell tells; headless there is none of it. */
const shellStreams = { 'shell.host': hostStateSchema } as const;
const streams = { ...hostStreams, ...shellStreams } as const;

export type HostStreamName = keyof typeof hostStreams;
export type StreamName = keyof typeof streams;
export type StreamData<N extends StreamName> = z.output<(typeof streams)[N]>;
export const isHostStream = (name: string): name is HostStreamName => Object.hasOwn(hostStreams, name);
