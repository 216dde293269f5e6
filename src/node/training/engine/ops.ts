import type { Tensor } from '@tensorflow/tfjs-core';

export const activations = ['linear', 'relu', 'tanh', 'sigmoid', 'gelu'] as const;
export type Activation = (typeof activations)[number];

/** A convolution over a batch: image, kernel, and what comes out. */
export interface ConvolutionGeometry {
  examples: number;
  height: number;
  width: number;
  channels: number;
  kernel: number;
  stride: number;
  padding: 'same' | 'valid';
  top: number;
  left: number;
  outHeight: number;
  outWidth: number;
  filters: number;
}

export interface PoolGeometry {
  examples: number;
  height: number;
  width: number;
  channels: number;
  size: number;
}

/** Steps of `size` numbers. */
export interface SequenceShape {
  examples: number;
  steps: number;
  size: number;
}
export type AttentionShape = SequenceShape & { heads: number; causal: boolean };

export interface LstmPass {
  output: Tensor;
  gates: Tensor;
  cells: Tensor;
}

/** Adam's constants for one step, the bias corrections in them. */
export interface AdamStep {
  beta1: number;
  beta2: number;
  rate: number;
  correction2: number;
  epsilon: number;
}

/**
 * What models are computed with. Tensors are float32 and row-major; sizes are said by the caller, so a tensor's own shape does not
 * matter. A result is a new tensor of the running `tidy`. Sums run in the same order each time.
 */
export interface Ops {
  tensor(values: Float32Array, shape: number[]): Tensor;
  zeros(size: number): Tensor;
  /** op(a) · op(b): m × n, over k. */
  product(
    a: Tensor,
    b: Tensor,
    sizes: [m: number, k: number, n: number],
    transposed?: 'a' | 'b' | 'none',
  ): Tensor;
  /** activation(x · w + bias): m × n. */
  dense(
    x: Tensor,
    w: Tensor,
    bias: Tensor,
    sizes: [m: number, k: number, n: number],
    activation: Activation,
  ): Tensor;
  /** aᵀ · b of each example: examples × m × n, over its steps. */
  exampleProducts(a: Tensor, b: Tensor, examples: number, steps: number, m: number, n: number): Tensor;
  /** Squared norms of the same products, which are not kept. */
  exampleProductNorms(a: Tensor, b: Tensor, examples: number, steps: number, m: number, n: number): Tensor;
  /** activation(x ∗ w + bias). */
  convolve(x: Tensor, w: Tensor, bias: Tensor, geometry: ConvolutionGeometry, activation: Activation): Tensor;
  /** Of all examples together, or `each`: examples × filter. */
  convolveFilterGradient(x: Tensor, dy: Tensor, geometry: ConvolutionGeometry, each: boolean): Tensor;
  convolveInputGradient(dy: Tensor, w: Tensor, geometry: ConvolutionGeometry): Tensor;
  maxPool(x: Tensor, geometry: PoolGeometry): Tensor;
  maxPoolGradient(x: Tensor, y: Tensor, dy: Tensor, geometry: PoolGeometry): Tensor;
  activate(x: Tensor, activation: Activation): Tensor;
  /** `kept` is the activation's output, of GELU its input. */
  activationGradient(dy: Tensor, kept: Tensor, activation: Activation): Tensor;
  /** Sum of the losses of rows with a label from 0 on; the gradient is times `scale`. */
  crossEntropy(
    logits: Tensor,
    labels: Int32Array,
    classes: number,
    scale: number,
  ): { loss: number; hits: number; gradient: Tensor };
  layerNorm(
    x: Tensor,
    gain: Tensor,
    bias: Tensor,
    rows: number,
    size: number,
  ): { output: Tensor; normalised: Tensor; inverse: Tensor };
  layerNormGradient(
    dy: Tensor,
    gain: Tensor,
    normalised: Tensor,
    inverse: Tensor,
    rows: number,
    size: number,
  ): Tensor;
  /** `qkv` has rows of 3 × size numbers: queries, keys, values. */
  attention(qkv: Tensor, shape: AttentionShape): { output: Tensor; weights: Tensor };
  attentionGradient(qkv: Tensor, weights: Tensor, dy: Tensor, shape: AttentionShape): Tensor;
  /** `z` has rows of 4 × size numbers, input · kernel + bias, for the gates i, f, g, o. */
  lstm(z: Tensor, recurrent: Tensor, shape: SequenceShape): LstmPass;
  /** Gradient of z; `dy` is that of all outputs, or with `last` of the last step's alone. */
  lstmGradient(pass: LstmPass, recurrent: Tensor, dy: Tensor, shape: SequenceShape, last: boolean): Tensor;
  /** Each example one step later: zeros first, the last step gone. */
  delayed(x: Tensor, shape: SequenceShape): Tensor;
  lastSteps(x: Tensor, shape: SequenceShape): Tensor;
  gather(table: Tensor, ids: Tensor, count: number, size: number): Tensor;
  segmentSum(x: Tensor, ids: Tensor, count: number, size: number, segments: number): Tensor;
  /** Squared norm of each example's own segment sum. */
  segmentNorms(x: Tensor, ids: Tensor, shape: SequenceShape): Tensor;
  /** Sums of each group of rows: groups × size. */
  columnSums(x: Tensor, groups: number, rows: number, size: number): Tensor;
  /** The same of a · b, number by number. */
  productSums(a: Tensor, b: Tensor, groups: number, rows: number, size: number): Tensor;
  rowSquares(x: Tensor, rows: number, size: number): Tensor;
  /** Each row times the factor of its group of `rowsPerFactor` rows. */
  scaleRows(x: Tensor, factors: Tensor, rows: number, rowsPerFactor: number, size: number): Tensor;
  /** Sum of all rows, each times its factor. */
  weightedSum(x: Tensor, factors: Tensor | null, rows: number, size: number): Tensor;
  addToRows(x: Tensor, row: Tensor, rows: number, size: number): Tensor;
  /** Each row `times` times, scaled. */
  repeatRows(x: Tensor, rows: number, times: number, size: number, factor: number): Tensor;
  /** a + factor · b. */
  addScaled(a: Tensor, b: Tensor, factor: number): Tensor;
  sumSquares(x: Tensor): number;
  adam(
    weights: Tensor,
    first: Tensor,
    second: Tensor,
    gradient: Tensor,
    step: AdamStep,
  ): [weights: Tensor, first: Tensor, second: Tensor];
}
