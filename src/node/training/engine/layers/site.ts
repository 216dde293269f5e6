import type { Tensor } from '@tensorflow/tfjs-core';
import type { Ops } from '../ops.ts';

/** A place where parameters meet what flows through a layer, after the gradients of its outputs are known. */
export interface Site {
  /**
   * Squared L2 norm of each example's gradient of these parameters, without the gradients themselves where that is cheaper
   * (ghost clipping: Goodfellow 2015, Li et al. 2022).
   */
  squaredNorms(): Tensor;
  /** Gradients by the parameter's number within the layer: summed over examples, each times its factor. */
  gradients(factors: Tensor | null): [parameter: number, gradient: Tensor][];
}

/** A layer after a batch went through it. */
export interface Pass {
  output: Tensor;
  /** Gradient of the input (null where it is not wanted) and the places where parameters are. */
  backward(dy: Tensor, wantsInput: boolean): { dx: Tensor | null; sites: Site[] };
}

/** A layer at work: `parameters` are its own, in their order. */
export interface LayerProgram {
  forward(x: Tensor, parameters: Tensor[], examples: number): Pass;
}

/** Most numbers of examples' gradients that are kept side by side. */
const mostKeptNumbers = 32_000_000;

export interface MatrixPlace {
  /** Numbers of the parameters within the layer; no bias: null. */
  weights: number;
  bias: number | null;
  examples: number;
  /** Rows of each example. */
  steps: number;
  inputs: number;
  outputs: number;
}

/** y = x · W + b, with x of `examples × steps` rows and the gradient of y. */
export function matrixSite(ops: Ops, x: Tensor, dy: Tensor, place: MatrixPlace): Site {
  const { weights, bias, examples, steps, inputs, outputs } = place;
  const rows = examples * steps;
  const keepsEach = steps > 1 && examples * inputs * outputs <= mostKeptNumbers;
  let each: Tensor | null = null;
  let biases: Tensor | null = null;

  const weightNorms = (): Tensor => {
    if (steps === 1)
      return ops.scaleRows(ops.rowSquares(x, rows, inputs), ops.rowSquares(dy, rows, outputs), rows, 1, 1);
    if (!keepsEach) return ops.exampleProductNorms(x, dy, examples, steps, inputs, outputs);
    each = ops.exampleProducts(x, dy, examples, steps, inputs, outputs);
    return ops.rowSquares(each, examples, inputs * outputs);
  };
  return {
    squaredNorms() {
      const norms = weightNorms();
      if (bias === null) return norms;
      biases = steps === 1 ? dy : ops.columnSums(dy, examples, steps, outputs);
      return ops.addScaled(norms, ops.rowSquares(biases, examples, outputs), 1);
    },
    gradients(factors) {
      const list: [number, Tensor][] = [];
      if (factors && each) list.push([weights, ops.weightedSum(each, factors, examples, inputs * outputs)]);
      else {
        const scaled = factors ? ops.scaleRows(dy, factors, rows, steps, outputs) : dy;
        list.push([weights, ops.product(x, scaled, [inputs, rows, outputs], 'a')]);
      }
      if (bias !== null)
        list.push([
          bias,
          factors && biases
            ? ops.weightedSum(biases, factors, examples, outputs)
            : ops.weightedSum(dy, null, rows, outputs),
        ]);
      return list;
    },
  };
}

/** Parameters that are added to every example alike: one row of `size` numbers, of which `each` is each example's gradient. */
export function rowSite(ops: Ops, parameter: number, each: Tensor, examples: number, size: number): Site {
  return {
    squaredNorms: () => ops.rowSquares(each, examples, size),
    gradients: (factors) => [[parameter, ops.weightedSum(each, factors, examples, size)]],
  };
}

/** A table of which each of `steps` rows of an example takes the row that its id names. */
export function tableSite(
  ops: Ops,
  parameter: number,
  dy: Tensor,
  ids: Tensor,
  { examples, steps, size }: { examples: number; steps: number; size: number },
  segments: number,
): Site {
  return {
    squaredNorms: () => ops.segmentNorms(dy, ids, { examples, steps, size }),
    gradients(factors) {
      const scaled = factors ? ops.scaleRows(dy, factors, examples * steps, steps, size) : dy;
      return [[parameter, ops.segmentSum(scaled, ids, examples * steps, size, segments)]];
    },
  };
}
