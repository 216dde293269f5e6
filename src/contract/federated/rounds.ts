import { z } from 'zod';
import { priceLamportsSchema } from '../money.ts';
import { localTrainingSchema, trainingTaskSchema } from './task.ts';

/**
 * Extension `federated`: rounds as node and gateway speak of them. The node asks; every call is signed (`signed-nodes`), so that a node
 * behind NAT takes part. A round's stages: `keys` and `shares` (secure aggregation only), `update`, `consistency` and `unmask`
 * (secure only), `evaluating` (the gateway has all it needs), then `done` or `failed`.
 */
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'a lower-case hex sha256');
const unixMs = z.int().min(0);
export const roundIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

export const strategySchema = z.enum([
  'fedavg',
  'fedprox',
  'scaffold',
  'fedadam',
  'fedavgm',
  'krum',
  'trimmed-mean',
]);
export type Strategy = z.infer<typeof strategySchema>;

/** Strategies that must look at each update, and so can't be had with secure aggregation. */
export const plainStrategies: readonly Strategy[] = ['krum', 'trimmed-mean'];

/** A task that a gateway runs, in `GET /federated/tasks`. */
export const offeredTaskSchema = z.strictObject({
  task: trainingTaskSchema,
  task_sha256: sha256Hex,
  training: localTrainingSchema,
  strategy: strategySchema,
  /** `where-possible`: with three nodes or more. */
  secure_aggregation: z.enum(['required', 'where-possible', 'off']),
  participants: z.strictObject({ min: z.int().min(1).max(1000), max: z.int().min(1).max(1000) }),
  round_minutes: z.number().positive().max(1440),
  /** For one round, to be divided among its nodes. */
  reward_lamports: priceLamportsSchema,
  model_version: z.int().min(0),
  model_sha256: sha256Hex,
  /** Of the newest model on data that the gateway holds back; null before the first evaluation. */
  accuracy: z.number().min(0).max(1).nullable(),
});
export type OfferedTask = z.infer<typeof offeredTaskSchema>;
/** A task that is not understood, as one of a newer gateway's, is left out: the others can be trained all the same. */
export const tasksAnswerSchema = z.object({
  tasks: z
    .array(z.unknown())
    .max(1000)
    .transform((tasks) => tasks.flatMap((task) => offeredTaskSchema.safeParse(task).data ?? [])),
});

/** `POST /federated/join`: the node would take part in a round of this task; said again every `poll_seconds`. */
export const joinRequestSchema = z.strictObject({
  task_id: z.string(),
  task_sha256: sha256Hex,
  /** Examples of its own that it would train on. */
  examples: z.int().min(1),
  engine: z.string().max(100),
  threads: z.int().min(1).max(1024),
});
export type JoinRequest = z.infer<typeof joinRequestSchema>;

/** What secure aggregation of a round goes by (Bonawitz et al. 2017; quantisation and weights as SecAgg+). */
export const secureParametersSchema = z.strictObject({
  /** Shares that restore a secret; more than half of the nodes. */
  threshold: z.int().min(2).max(1000),
  clipping_range: z.number().positive().max(1e6),
  quantization_range: z
    .int()
    .min(2)
    .max(2 ** 32),
  max_weight: z.int().min(1).max(1_000_000),
});
export type SecureParameters = z.infer<typeof secureParametersSchema>;

/** What a selected node is told once, signed by the gateway. */
export const roundOfferSchema = z.strictObject({
  round_id: roundIdSchema,
  task_id: z.string(),
  task_sha256: sha256Hex,
  model_version: z.int().min(0),
  model_sha256: sha256Hex,
  strategy: strategySchema,
  training: localTrainingSchema,
  /** SCAFFOLD: the server's control variate, as weights are, by its hash in `GET /federated/models/{sha256}`. */
  control_sha256: sha256Hex.optional(),
  /** Base58 keys of all nodes of the round, in the order that all sides use. */
  node_keys: z.array(z.string().min(32).max(44)).min(1).max(1000),
  secure: secureParametersSchema.nullable(),
  /** X25519 public key, base64, to which updates are sealed. */
  update_key: z.string().min(40).max(48),
  /** Until when an update is taken. */
  deadline_ms: unixMs,
  reward_lamports: priceLamportsSchema,
});
export type RoundOffer = z.infer<typeof roundOfferSchema>;

export const roundOfferText = (canonicalOffer: string): string =>
  `solanalm-training-round-v1\n${canonicalOffer}`;

export const joinAnswerSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('waiting'), poll_seconds: z.number().min(0.05).max(600) }),
  z.object({
    status: z.literal('selected'),
    offer: roundOfferSchema,
    /** base58 ed25519 over `roundOfferText` of the offer's canonical JSON, with the gateway's key. */
    signature: z.string().min(1).max(100),
  }),
]);
export type JoinAnswer = z.infer<typeof joinAnswerSchema>;

export const rewardPartSchema = z.strictObject({
  part: z.enum(['data', 'compute', 'quality', 'reliability']),
  /** Of the whole reward. */
  percent: z.int().min(0).max(100),
  /** This node's share of the part, 0–1; null where it can't be measured, and the part is left out. */
  share: z.number().min(0).max(1).nullable(),
  lamports: priceLamportsSchema,
});
export type RewardPart = z.infer<typeof rewardPartSchema>;

/** How a round ended for one node. */
export const roundOutcomeSchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('done'),
    model_version: z.int().min(1),
    model_sha256: sha256Hex,
    loss: z.number().nullable(),
    accuracy: z.number().min(0).max(1).nullable(),
    participants: z.int().min(1),
    /** Whether this node's update is in the new model; one that is not earns nothing. */
    counted: z.boolean(),
    /** sha256 of this node's update as it came in, sealed: its receipt's `output_sha256`; `input_sha256` is the offer's model. */
    update_sha256: sha256Hex.nullable(),
    reward: z.strictObject({
      price_lamports: priceLamportsSchema,
      fee_lamports: priceLamportsSchema,
      parts: z.array(rewardPartSchema),
      /** What was not measured, and why, in words. */
      left_out: z.array(z.string().max(300)),
    }),
  }),
  z.object({ state: z.literal('failed'), reason: z.string().max(500) }),
]);
export type RoundOutcome = z.infer<typeof roundOutcomeSchema>;

export const roundStageSchema = z.enum([
  'keys',
  'shares',
  'update',
  'consistency',
  'unmask',
  'evaluating',
  'done',
  'failed',
]);
export type RoundStage = z.infer<typeof roundStageSchema>;

/** Stages that take a body: `POST /federated/rounds/{id}/{stage}`, JSON but for `update`, which is a sealed frame. */
export const postedStageSchema = roundStageSchema.exclude(['evaluating', 'done', 'failed']);
export type PostedStage = z.infer<typeof postedStageSchema>;

/** Said to each body that was taken; the same body again gets the same answer. */
export const takenAnswerSchema = z.object({ status: z.literal('taken'), body_sha256: sha256Hex });
export type TakenAnswer = z.infer<typeof takenAnswerSchema>;

/** A counted round as a job of the gateway's books: the receipt's `request_id`, `payer`; its `model` is the task's id. */
export const roundRequestId = (roundId: string, nodeKey: string): string => `round-${roundId}-${nodeKey}`;
export const trainingPayer = (gatewayKey: string): string => `training:${gatewayKey}`;

/**
 * `GET /federated/rounds/{id}?after={stage}`: answered when the round has left that stage, or after 8 s at most. `message` is what the
 * stage has for this node (secure aggregation's message), `outcome` how it ended.
 */
export const roundStateSchema = z.object({
  round_id: roundIdSchema,
  stage: roundStageSchema,
  /** Until when this stage takes answers; of an ended round, when it ended. */
  deadline_ms: unixMs,
  message: z.json().optional(),
  outcome: roundOutcomeSchema.optional(),
});
export type RoundState = z.infer<typeof roundStateSchema>;

/** Head of an update's frame; the vectors follow. */
export const updateHeadSchema = z.strictObject({
  round_id: roundIdSchema,
  model_sha256: sha256Hex,
  /** Float32 values that follow; with secure aggregation a quarter of the bytes of the masked vector's frame (`vectorFrame`). */
  length: z.int().min(1),
  /** SCAFFOLD: as many values again, the change of this node's control variate. */
  control: z.boolean().default(false),
  examples: z.int().min(1).optional(),
  /** Only without secure aggregation. */
  loss: z.number().optional(),
  accuracy: z.number().min(0).max(1).optional(),
  duration_ms: z.number().min(0),
  steps: z.int().min(0),
  /** ε that this round spent, where it was private. */
  epsilon: z.number().min(0).optional(),
});
export type UpdateHead = z.infer<typeof updateHeadSchema>;
