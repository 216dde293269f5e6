import type { TrainingTask } from '#contract/federated/task.ts';
import type { Evaluation } from '#contract/federated/trainer-messages.ts';
import type { HeldOut } from './task-config.ts';

/** What evaluates a task's model; the gateway itself computes with none. */
export interface Trainer {
  evaluate(task: TrainingTask, weights: Float32Array, heldOut: HeldOut): Promise<Evaluation>;
  close(): Promise<void>;
}
