import type { RoundOutcome } from '#contract/federated/rounds.ts';
import type { LocalTraining, TrainingTask } from '#contract/federated/task.ts';
import type { RoundRecord } from './round-record.ts';

/** What training in a round asks for. */
export interface RoundJob {
  task: TrainingTask;
  training: LocalTraining;
  dataId: string;
  /** The model's file, as it was downloaded and checked. */
  weights: Float32Array;
  /** SCAFFOLD's control variates: the server's c, and this node's c_i. */
  control: { global: Float32Array; own: Float32Array } | null;
  checkpointFile: string;
  /** Decides the order of examples; the same when training goes on after a crash. */
  seed: string;
}

export interface TrainingProgress {
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  loss: number | null;
  examplesPerSecond: number | null;
}

export interface Trained {
  /** New weights less the global ones, all parameters in the spec's order. */
  delta: Float32Array;
  controlDelta: Float32Array | null;
  examples: number;
  steps: number;
  durationMs: number;
  loss: number | null;
  /** On the part of the data that was held back; null where there is none. */
  accuracy: number | null;
}

/** The engine, as a round uses it. */
export interface RoundTrainer {
  train(
    job: RoundJob,
    onProgress: (progress: TrainingProgress) => void,
    signal: AbortSignal,
  ): Promise<Trained>;
}

/** The privacy ledger, as a round uses it. */
export interface RoundPrivacy {
  /** Throws `training/privacy-budget` when this round would pass the budget. */
  check(record: RoundRecord): void;
  /** Writes down what the round spends, once however often it is called; the ε of this round, null when it is not private. */
  spend(record: RoundRecord, examples: number): number | null;
}

/** Where rewards are booked: once a round, however often it is called. */
export interface RoundBooks {
  /** The hash is that of the update as this node sent it. */
  book(record: RoundRecord, outcome: Extract<RoundOutcome, { state: 'done' }>, updateSha256: string): void;
}
