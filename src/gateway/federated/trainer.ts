import type { ModelSpec } from '#contract/federated/model-spec.ts';
import type { TrainingTask } from '#contract/federated/task.ts';

export interface Evaluation {
  /** Mean cross-entropy over the held-out examples. */
  loss: number;
  /** 0–1. */
  accuracy: number;
  examples: number;
}

/** What the gateway has computed with a task's model; it knows no layers itself. */
export interface Trainer {
  initialise(spec: ModelSpec, seed: number): Promise<Float32Array>;
  /** On the data of a folder. */
  evaluate(task: TrainingTask, weights: Float32Array, heldOutDir: string): Promise<Evaluation>;
  close(): Promise<void>;
}
