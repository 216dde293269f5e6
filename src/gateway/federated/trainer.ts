import type { TrainingTask } from '#contract/federated/task.ts';
import type { Evaluation } from '#contract/federated/trainer-messages.ts';

/** What evaluates a task's model; the gateway itself computes with none. */
export interface Trainer {
  /** `heldOut` says where the data lie, in words that only the trainer knows. */
  evaluate(task: TrainingTask, weights: Float32Array, heldOut: unknown): Promise<Evaluation>;
  close(): Promise<void>;
}
