import type { Tensor } from '@tensorflow/tfjs-core';
import { convolutionShape } from '#contract/federated/convolution-shape.ts';
import type { PlannedLayer } from '#contract/federated/model-plan.ts';
import type { Layer } from '#contract/federated/model-spec.ts';
import type { ConvolutionGeometry, Ops } from '../ops.ts';
import type { LayerProgram, Site } from './site.ts';

/** Most numbers of examples' filter gradients that are kept side by side. */
const mostKeptNumbers = 32_000_000;

const imageOf = ({ input }: PlannedLayer) => {
  const [height, width, channels] = input as [number, number, number];
  return { height, width, channels };
};

export function conv2dProgram(
  ops: Ops,
  planned: PlannedLayer,
  { activation, kernel, stride, padding, filters }: Layer & { type: 'conv2d' },
): LayerProgram {
  const image = imageOf(planned);
  const shape = convolutionShape({ kernel, stride, padding }, image.height, image.width);
  return {
    forward(x, [w, b], examples) {
      const geometry = { ...image, ...shape, examples, kernel, stride, padding, filters };
      const isGelu = activation === 'gelu';
      const sum = ops.convolve(x, w as Tensor, b as Tensor, geometry, isGelu ? 'linear' : activation);
      return {
        output: isGelu ? ops.activate(sum, activation) : sum,
        backward(dy, wantsInput) {
          const dz = activation === 'linear' ? dy : ops.activationGradient(dy, sum, activation);
          return {
            dx: wantsInput ? ops.convolveInputGradient(dz, w as Tensor, geometry) : null,
            sites: [filterSite(ops, x, dz, geometry)],
          };
        },
      };
    },
  };
}

/** Each example's filter gradient costs what the sum of all costs, so it is kept, and only weighted after its norm is known. */
function filterSite(ops: Ops, x: Tensor, dz: Tensor, geometry: ConvolutionGeometry): Site {
  const { examples, filters } = geometry;
  const places = geometry.outHeight * geometry.outWidth;
  const size = geometry.kernel * geometry.kernel * geometry.channels * filters;
  const isKept = examples * size <= mostKeptNumbers;
  let each: Tensor | null = null;
  let biases: Tensor | null = null;
  return {
    squaredNorms() {
      biases = ops.columnSums(dz, examples, places, filters);
      const gradients = ops.convolveFilterGradient(x, dz, geometry, true);
      if (isKept) each = gradients;
      return ops.addScaled(
        ops.rowSquares(gradients, examples, size),
        ops.rowSquares(biases, examples, filters),
        1,
      );
    },
    gradients(factors) {
      if (factors && each && biases)
        return [
          [0, ops.weightedSum(each, factors, examples, size)],
          [1, ops.weightedSum(biases, factors, examples, filters)],
        ];
      const rows = examples * places;
      const scaled = factors ? ops.scaleRows(dz, factors, rows, places, filters) : dz;
      return [
        [0, ops.convolveFilterGradient(x, scaled, geometry, false)],
        [1, ops.weightedSum(scaled, null, rows, filters)],
      ];
    },
  };
}

export function maxPoolProgram(ops: Ops, planned: PlannedLayer, size: number): LayerProgram {
  const image = imageOf(planned);
  return {
    forward(x, _parameters, examples) {
      const geometry = { ...image, examples, size };
      const output = ops.maxPool(x, geometry);
      return {
        output,
        backward: (dy, wantsInput) => ({
          dx: wantsInput ? ops.maxPoolGradient(x, output, dy, geometry) : null,
          sites: [],
        }),
      };
    },
  };
}
