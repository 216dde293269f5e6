import type { ModelSpec } from '#contract/federated/model-spec.ts';

/** What the threads of a team share: one step's batch and weights, and what each helper made of its rows. */
export interface SharedStep {
  model: ModelSpec;
  /** Helpers besides the thread that leads. */
  helpers: number;
  inputSize: number;
  labelSize: number;
  /** Numbers that a pass of one thread may keep. */
  keptNumbers: number;
  /** Number of the step; a helper that waits for the next one is woken. */
  turn: Int32Array;
  /** The step that each helper has done last. */
  done: Int32Array;
  /** First row and count of each helper, then whether examples are clipped. */
  orders: Int32Array;
  /** Scale of the loss, or the norm to clip to. */
  factor: Float64Array;
  /** Of each helper: loss, hits, labels counted, 1 when it failed. */
  scores: Float64Array;
  inputs: Float32Array;
  labels: Int32Array;
  weights: Float32Array;
  gradients: Float32Array[];
}

const shared = {
  int32: (length: number) => new Int32Array(new SharedArrayBuffer(4 * length)),
  float32: (length: number) => new Float32Array(new SharedArrayBuffer(4 * length)),
  float64: (length: number) => new Float64Array(new SharedArrayBuffer(8 * length)),
};

export const scoreSize = 4;

export function createSharedStep(
  model: ModelSpec,
  sizes: Pick<SharedStep, 'helpers' | 'inputSize' | 'labelSize' | 'keptNumbers'> & {
    rows: number;
    parameters: number;
  },
): SharedStep {
  const { helpers, rows, inputSize, labelSize, keptNumbers, parameters } = sizes;
  return {
    ...{ model, helpers, inputSize, labelSize, keptNumbers },
    turn: shared.int32(1),
    done: shared.int32(helpers),
    orders: shared.int32(2 * helpers + 1),
    factor: shared.float64(1),
    scores: shared.float64(scoreSize * helpers),
    inputs: shared.float32(rows * inputSize),
    labels: shared.int32(rows * labelSize),
    weights: shared.float32(parameters),
    gradients: Array.from({ length: helpers }, () => shared.float32(parameters)),
  };
}
