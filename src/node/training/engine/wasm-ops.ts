import type { Tensor } from '@tensorflow/tfjs-core';
import {
  type Activation,
  activations,
  type ConvolutionGeometry,
  type Ops,
  type PoolGeometry,
} from './ops.ts';
import type { WasmMemory } from './wasm-backend.ts';
import type { Kernels } from './wasm-kernels.ts';
import { wasmSequenceOps } from './wasm-sequence-ops.ts';

const code = (activation: Activation): number => activations.indexOf(activation);

const imageArguments = (g: ConvolutionGeometry): number[] => [
  ...[g.examples, g.height, g.width, g.channels, g.kernel, g.stride],
  ...[g.top, g.left, g.outHeight, g.outWidth, g.filters],
];
const poolArguments = (g: PoolGeometry): number[] => [g.examples, g.height, g.width, g.channels, g.size];

/** Our own kernels in the memory of TensorFlow.js's WebAssembly backend. */
export function createWasmOps(memory: WasmMemory, kernels: Kernels): Ops {
  const { at } = memory;

  /** Scratch of a convolution's product, then place for the patches of one image. */
  function convolutionScratch(g: ConvolutionGeometry): [product: number, patches: number] {
    const patch = g.kernel * g.kernel * g.channels;
    const places = g.outHeight * g.outWidth;
    const product = Math.max(
      kernels.gemmScratch(patch, g.filters),
      kernels.gemmScratch(places, g.filters),
      kernels.gemmScratch(g.filters, patch),
    );
    const offset = memory.scratch(product + 4 * patch * places);
    return [offset, offset + product];
  }

  function gemm(
    a: Tensor,
    b: Tensor,
    out: Tensor,
    [m, k, n]: [number, number, number],
    transposed: string,
  ): void {
    const [isA, isB] = [transposed === 'a', transposed === 'b'];
    const scratch = memory.scratch(kernels.gemmScratch(k, n));
    kernels.gemm(
      ...[at(a), isA ? m : k, Number(isA), at(b), isB ? k : n, Number(isB)],
      ...[at(out), n, m, k, n, 0, scratch],
    );
  }

  return {
    ...wasmSequenceOps(memory, kernels),
    tensor(values, shape) {
      const out = memory.allocate(shape);
      memory.numbers.set(values, at(out) / 4);
      return out;
    },
    zeros(size) {
      const out = memory.allocate([size]);
      memory.numbers.fill(0, at(out) / 4, at(out) / 4 + size);
      return out;
    },
    product(a, b, sizes, transposed = 'none') {
      const out = memory.allocate([sizes[0], sizes[2]]);
      gemm(a, b, out, sizes, transposed);
      return out;
    },
    dense(x, w, bias, sizes, activation) {
      const out = memory.allocate([sizes[0], sizes[2]]);
      gemm(x, w, out, sizes, 'none');
      kernels.biasActivation(at(out), at(bias), sizes[0], sizes[2], code(activation));
      return out;
    },
    exampleProducts(a, b, examples, steps, m, n) {
      const out = memory.allocate([examples, m, n]);
      const scratch = memory.scratch(kernels.gemmScratch(steps, n));
      kernels.gemmBatch(
        ...[at(a), steps * m, m, 1, at(b), steps * n, n, 0],
        ...[at(out), m * n, n, m, steps, n, examples, scratch],
      );
      return out;
    },
    exampleProductNorms(a, b, examples, steps, m, n) {
      const out = memory.allocate([examples]);
      const product = kernels.gemmScratch(steps, n);
      const scratch = memory.scratch(product + 4 * m * n);
      kernels.gemmNorms(at(a), at(b), at(out), steps, m, n, examples, scratch, scratch + product);
      return out;
    },
    convolve(x, w, bias, g, activation) {
      const out = memory.allocate([g.examples, g.outHeight, g.outWidth, g.filters]);
      const scratch = convolutionScratch(g);
      kernels.convolve(at(x), at(w), at(bias), at(out), ...imageArguments(g), code(activation), ...scratch);
      return out;
    },
    convolveFilterGradient(x, dy, g, each) {
      const filter = [g.kernel, g.kernel, g.channels, g.filters];
      const out = memory.allocate(each ? [g.examples, ...filter] : filter);
      const scratch = convolutionScratch(g);
      kernels.convolveFilterGradient(at(x), at(dy), at(out), ...imageArguments(g), Number(each), ...scratch);
      return out;
    },
    convolveInputGradient(dy, w, g) {
      const out = memory.allocate([g.examples, g.height, g.width, g.channels]);
      kernels.convolveInputGradient(at(dy), at(w), at(out), ...imageArguments(g), ...convolutionScratch(g));
      return out;
    },
    maxPool(x, g) {
      const shape = [Math.floor(g.height / g.size), Math.floor(g.width / g.size), g.channels];
      const out = memory.allocate([g.examples, ...shape]);
      kernels.maxPool(at(x), at(out), ...poolArguments(g));
      return out;
    },
    maxPoolGradient(x, y, dy, g) {
      const out = memory.allocate([g.examples, g.height, g.width, g.channels]);
      kernels.maxPoolGradient(at(x), at(y), at(dy), at(out), ...poolArguments(g));
      return out;
    },
    activate(x, activation) {
      const out = memory.allocate(x.shape);
      kernels.activate(at(x), at(out), x.size, code(activation));
      return out;
    },
    activationGradient(dy, kept, activation) {
      const out = memory.allocate(dy.shape);
      kernels.activationGradient(at(dy), at(kept), at(out), dy.size, code(activation));
      return out;
    },
    columnSums(x, groups, rows, size) {
      const out = memory.allocate([groups, size]);
      kernels.columnSums(at(x), at(out), groups, rows, size);
      return out;
    },
    productSums(a, b, groups, rows, size) {
      const out = memory.allocate([groups, size]);
      kernels.productSums(at(a), at(b), at(out), groups, rows, size);
      return out;
    },
    rowSquares(x, rows, size) {
      const out = memory.allocate([rows]);
      kernels.rowSquares(at(x), at(out), rows, size);
      return out;
    },
    scaleRows(x, factors, rows, rowsPerFactor, size) {
      const out = memory.allocate([rows, size]);
      kernels.scaleRows(at(x), at(factors), at(out), rows, rowsPerFactor, size);
      return out;
    },
    weightedSum(x, factors, rows, size) {
      const out = memory.allocate([size]);
      kernels.weightedSum(at(x), factors ? at(factors) : 0, at(out), rows, size);
      return out;
    },
    addToRows(x, row, rows, size) {
      const out = memory.allocate([rows, size]);
      kernels.addToRows(at(x), at(row), at(out), rows, size);
      return out;
    },
    repeatRows(x, rows, times, size, factor) {
      const out = memory.allocate([rows * times, size]);
      kernels.repeatRows(at(x), at(out), rows, times, size, factor);
      return out;
    },
    addScaled(a, b, factor) {
      const out = memory.allocate(a.shape);
      kernels.addScaled(at(a), at(b), at(out), a.size, factor);
      return out;
    },
    sumSquares: (x) => kernels.sumSquares(at(x), x.size),
    adam(weights, first, second, gradient, { beta1, beta2, rate, correction2, epsilon }) {
      const out = [weights, first, second].map(({ shape }) => memory.allocate(shape));
      const offsets = [weights, first, second, gradient, ...out].map(at);
      kernels.adam(...offsets, weights.size, beta1, beta2, rate, correction2, epsilon);
      return out as [Tensor, Tensor, Tensor];
    },
  };
}
