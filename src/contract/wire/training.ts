import { z } from 'zod';

/** Training of the network's core: plain rounds, that a gateway without the extension `federated` runs. */
const instant = z.union([z.string().max(64), z.number()]).transform((value, context) => {
  // A number is Unix seconds.
  const ms = typeof value === 'number' ? value * 1000 : Date.parse(value);
  if (Number.isSafeInteger(Math.round(ms))) return Math.round(ms);
  context.addIssue({ code: 'custom', message: 'an instant: ISO 8601 or Unix seconds' });
  return z.NEVER;
});
const common = {
  round_id: z.string().min(1).max(128),
  model: z.string().min(1).max(256),
  start_time: instant,
  duration_minutes: z.number().positive().max(1440),
};

export interface PlainRound {
  roundId: string;
  model: string;
  startMs: number;
  endMs: number;
  /** What this node gets, in lamports. */
  rewardLamports: bigint;
  participants: number;
}

/** TrainingRound in either of its shapes; unknown fields are ignored. */
export const trainingRoundSchema = z
  .union([
    z.object({
      ...common,
      participating_nodes: z.array(z.string()).default([]),
      reward_per_node: z.number().min(0).max(1e6),
      status: z.string().default('active'),
    }),
    z.object({ ...common, reward_sol: z.number().min(0).max(1e6) }),
  ])
  .transform((round): PlainRound => {
    const rewardSol = 'reward_sol' in round ? round.reward_sol : round.reward_per_node;
    return {
      roundId: round.round_id,
      model: round.model,
      startMs: round.start_time,
      endMs: Math.round(round.start_time + round.duration_minutes * 60_000),
      rewardLamports: BigInt(Math.round(rewardSol * 1e9)),
      participants: Math.max(1, 'participating_nodes' in round ? round.participating_nodes.length : 1),
    };
  });

/** `POST /training/start`: how to train; each field has the network's default. */
export const trainingStartSchema = z.object({
  round_id: z.string().max(128).optional(),
  learning_rate: z.number().positive().max(10).default(0.01),
  batch_size: z.int().min(1).max(4096).default(10),
  local_epochs: z.int().min(1).max(100).default(5),
});
export type TrainingStart = z.infer<typeof trainingStartSchema>;

/** The gateway's answer to `POST /training/join`. */
export const trainingJoinAnswerSchema = z.object({
  status: z.string(),
  round_id: z.string().min(1).max(128),
  model_download_url: z.string().max(2000),
  deadline: instant,
  expected_reward: z.number().min(0).max(1e6),
});

/** `GET /training/status` of a plain gateway; what it has beside the rounds is ignored. */
export const trainingStatusAnswerSchema = z.object({
  active_rounds: z.array(z.unknown()).max(1000).default([]),
});

/** One parameter of TrainingUpdate's `model_weights`: its shape, and float32 little-endian in base64. */
export interface WireWeights {
  shape: number[];
  data: string;
}

/** TrainingUpdate; `timestamp` ISO 8601. */
export interface TrainingUpdate {
  node_id: string;
  round_id: string;
  model_weights: Record<string, WireWeights>;
  training_metrics: Record<string, number>;
  update_size_mb: number;
  compression_method: null;
  timestamp: string;
}

/** GradientUpdate: the change of the weights as float32 little-endian, to be fetched at `upload_url`. */
export interface GradientUpdate {
  node_id: string;
  round_id: string;
  gradient_hash: string;
  gradient_size_bytes: number;
  upload_url: string;
  timestamp: string;
}
