import { z } from 'zod';
import { rewardPartSchema, strategySchema } from './federated/rounds.ts';
import { priceLamportsSchema } from './money.ts';
import { instantSchema } from './node-status.ts';
import { errorBodySchema } from './result.ts';

/** What trains on this computer. */
export const trainingEngineSchema = z.object({
  /** `tfjs-node-gpu`, `tfjs-node` or `wasm`. */
  name: z.enum(['tfjs-node-gpu', 'tfjs-node', 'wasm']),
  /** As a person would say it: “NVIDIA GeForce RTX 4070”, “Processor with SIMD”. */
  device: z.string(),
  usesGpu: z.boolean(),
  threads: z.int(),
});
export type TrainingEngineInfo = z.infer<typeof trainingEngineSchema>;

/** Why the node does not take part in a task just now. */
export const taskObstacleSchema = z.object({
  code: z.enum(['no-data', 'privacy-budget', 'privacy-ledger', 'switched-off', 'too-large', 'bad-task']),
  message: z.string(),
});

/** A task of the gateway, as this node sees it. */
export const taskViewSchema = z.object({
  taskId: z.string(),
  name: z.string(),
  parameters: z.int(),
  /** `private` tasks add noise, `secure` ones hide each update in a sum. */
  isPrivate: z.boolean(),
  isSecure: z.boolean(),
  strategy: strategySchema,
  /** What is done to the data before they are learnt from; the data themselves stay as they are. */
  dataChanges: z.array(z.enum(['shifted', 'flipped', 'cropped', 'words-left-out', 'balanced'])),
  rewardLamports: priceLamportsSchema,
  modelVersion: z.int(),
  accuracy: z.number().nullable(),
  /** The data that would be trained on; null when none fits. */
  dataId: z.string().nullable(),
  examples: z.int(),
  obstacle: taskObstacleSchema.nullable(),
});
export type TaskView = z.infer<typeof taskViewSchema>;

const roundBase = z.object({
  roundId: z.string(),
  taskId: z.string(),
  taskName: z.string(),
  isSecure: z.boolean(),
  participants: z.int(),
  since: instantSchema,
  deadline: instantSchema,
});

/** Where the node stands in its round; every change is written down before it is acted upon. */
export const trainingStateSchema = z.discriminatedUnion('state', [
  /** Not taking part: switched off, or the node does not work. */
  z.object({ state: z.literal('off') }),
  /** Ready; `waitingFor` names tasks it has asked to take part in. */
  z.object({ state: z.literal('idle'), waitingFor: z.array(z.string()) }),
  roundBase.extend({ state: z.literal('selected') }),
  roundBase.extend({ state: z.literal('downloading'), progress: z.number().min(0).max(1) }),
  roundBase.extend({
    state: z.literal('training'),
    epoch: z.int(),
    epochs: z.int(),
    /** 0–1 of all epochs. */
    progress: z.number().min(0).max(1),
    loss: z.number().nullable(),
    examplesPerSecond: z.number().nullable(),
    isPaused: z.boolean(),
  }),
  roundBase.extend({
    state: z.literal('uploading'),
    /** What the upload waits for: the other nodes, or a try after a failure. */
    step: z.enum(['sending', 'waiting', 'consistency', 'unmasking']),
    retryAt: instantSchema.nullable(),
  }),
  /** The gateway has the update and evaluates the new model. */
  roundBase.extend({ state: z.literal('rewarded') }),
  z.object({ state: z.literal('failed'), roundId: z.string(), error: errorBodySchema, until: instantSchema }),
]);
export type TrainingState = z.infer<typeof trainingStateSchema>;

/** A round that has ended. */
export const pastRoundSchema = z.object({
  roundId: z.string(),
  taskId: z.string(),
  taskName: z.string(),
  startedAt: instantSchema,
  endedAt: instantSchema,
  isSecure: z.boolean(),
  participants: z.int(),
  /** `uncounted`: the round ended without this node's update. */
  result: z.enum(['rewarded', 'uncounted', 'failed']),
  error: errorBodySchema.nullable(),
  examples: z.int(),
  localLoss: z.number().nullable(),
  localAccuracy: z.number().nullable(),
  modelVersion: z.int().nullable(),
  globalLoss: z.number().nullable(),
  globalAccuracy: z.number().nullable(),
  /** ε that this round spent; null when it was not private. */
  epsilon: z.number().nullable(),
  priceLamports: priceLamportsSchema,
  feeLamports: priceLamportsSchema,
  parts: z.array(rewardPartSchema),
  leftOut: z.array(z.string()),
});
export type PastRound = z.infer<typeof pastRoundSchema>;

/** Privacy spent on this computer's data. */
export const privacyStatusSchema = z.object({
  budgetEpsilon: z.number(),
  delta: z.number(),
  /** All tasks together, composed. */
  spentEpsilon: z.number(),
  tasks: z.array(z.object({ taskId: z.string(), name: z.string(), epsilon: z.number(), rounds: z.int() })),
  /** What was spent is not known: the ledger cannot be read, and private rounds are not taken part in. */
  error: errorBodySchema.nullable(),
});
export type PrivacyStatus = z.infer<typeof privacyStatusSchema>;

/** Signal `training.history`: rounds that have ended, newest first, at most 200. It changes with the end of a round alone. */
export const trainingHistorySchema = z.array(pastRoundSchema);

/** Signal `training.status`: all that the Training page shows of the present. */
export const trainingStatusSchema = z.object({
  state: trainingStateSchema,
  /** Null until it was first asked for. */
  engine: trainingEngineSchema.nullable(),
  /** Whether a faster engine could be installed, and how. */
  gpuEngine: z.object({
    state: z.enum(['not-possible', 'available', 'installing', 'installed', 'failed']),
    /** Why not, or what went wrong, in words. */
    detail: z.string().nullable(),
  }),
  tasks: z.array(taskViewSchema),
  privacy: privacyStatusSchema,
  earned: z.object({ rounds: z.int(), netLamports: priceLamportsSchema }),
});
export type TrainingStatus = z.infer<typeof trainingStatusSchema>;
