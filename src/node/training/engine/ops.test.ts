import { setBackend, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { convolutionShape } from '#contract/federated/convolution-shape.ts';
import { seededRandom } from '#contract/federated/seeded-random.ts';
import { type Engine, openCpuEngine, openWasmEngine } from './engine.ts';
import { activations, type ConvolutionGeometry, type Ops } from './ops.ts';

let wasm: Engine;
let cpu: Engine;
beforeAll(async () => {
  wasm = await openWasmEngine();
  cpu = await openCpuEngine();
});

const numbers = (name: string, count: number): Float32Array => {
  const random = seededRandom(name);
  return Float32Array.from({ length: count }, () => 2 * random() - 1);
};
type Compute = (ops: Ops, t: (name: string, count: number) => Tensor) => Tensor | Tensor[];

async function on(engine: Engine, compute: Compute): Promise<number[]> {
  await setBackend(engine.name);
  const { ops } = engine;
  return tidy(() => {
    const out = compute(ops, (name, count) => ops.tensor(numbers(name, count), [count]));
    return [out].flat().flatMap((tensor) => [...tensor.dataSync()]);
  });
}

async function expectSame(compute: Compute, tolerance = 2e-5): Promise<void> {
  const ours = await on(wasm, compute);
  const theirs = await on(cpu, compute);
  expect(ours.length).toBe(theirs.length);
  let difference = 0;
  let scale = 1;
  ours.forEach((value, index) => {
    difference = Math.max(difference, Math.abs(value - (theirs[index] as number)));
    scale = Math.max(scale, Math.abs(value));
  });
  expect(difference).toBeLessThan(tolerance * scale);
}

const geometry = (
  height: number,
  channels: number,
  filters: number,
  kernel: number,
  stride: number,
  padding: 'same' | 'valid',
): ConvolutionGeometry => {
  const width = height + 2;
  const shape = convolutionShape({ kernel, stride, padding }, height, width);
  return { examples: 3, height, width, channels, kernel, stride, padding, filters, ...shape };
};
const geometries = [
  geometry(7, 1, 5, 3, 1, 'same'),
  geometry(9, 3, 8, 5, 2, 'same'),
  geometry(8, 4, 7, 3, 2, 'valid'),
  geometry(3, 2, 4, 5, 1, 'same'),
  geometry(9, 1, 6, 5, 2, 'same'),
  geometry(8, 1, 3, 3, 3, 'valid'),
  geometry(2, 1, 3, 7, 1, 'same'),
];
const imageSize = (g: ConvolutionGeometry) => g.examples * g.height * g.width * g.channels;
const outSize = (g: ConvolutionGeometry) => g.examples * g.outHeight * g.outWidth * g.filters;
const filterSize = (g: ConvolutionGeometry) => g.kernel ** 2 * g.channels * g.filters;

describe('our kernels compute what TensorFlow.js computes', () => {
  const sizes: [number, number, number][] = [
    [1, 1, 1],
    [4, 8, 8],
    [5, 7, 9],
    [33, 300, 10],
    [3, 513, 261],
    [130, 65, 31],
  ];
  it.each(sizes)('products %i × %i × %i, transposed or not', async (m, k, n) => {
    for (const transposed of ['none', 'a', 'b'] as const)
      await expectSame((ops, t) => ops.product(t('a', m * k), t('b', k * n), [m, k, n], transposed));
    await expectSame((ops, t) => ops.exampleProducts(t('a', 3 * m * k), t('b', 3 * m * n), 3, m, k, n));
    await expectSame((ops, t) => ops.exampleProductNorms(t('a', 3 * m * k), t('b', 3 * m * n), 3, m, k, n));
  });

  it.each(activations)('%s, its slope, and a dense layer with it', async (activation) => {
    await expectSame((ops, t) => ops.activate(t('x', 103), activation));
    await expectSame((ops, t) => ops.activationGradient(t('dy', 103), t('x', 103), activation));
    await expectSame((ops, t) => ops.dense(t('x', 6 * 5), t('w', 5 * 7), t('b', 7), [6, 5, 7], activation));
  });

  it('activations of numbers far from 0', async () => {
    const far = Float32Array.of(-200, -90, -20, -1e-4, 0, 1e-4, 20, 90, 200);
    for (const activation of activations)
      await expectSame((ops) => ops.activate(ops.tensor(far, [far.length]), activation));
  });

  it.each(geometries)('convolution and its gradients %#', async (g) => {
    await expectSame((ops, t) =>
      ops.convolve(t('x', imageSize(g)), t('w', filterSize(g)), t('b', g.filters), g, 'relu'),
    );
    for (const each of [true, false])
      await expectSame((ops, t) =>
        ops.convolveFilterGradient(t('x', imageSize(g)), t('dy', outSize(g)), g, each),
      );
    await expectSame((ops, t) => ops.convolveInputGradient(t('dy', outSize(g)), t('w', filterSize(g)), g));
  });

  it('max-pooling and its gradient, with ties and rows left over', async () => {
    const g = { examples: 2, height: 7, width: 6, channels: 6, size: 2 };
    const count = 2 * 7 * 6 * 6;
    await expectSame((ops, t) => {
      const x = ops.activate(t('x', count), 'relu');
      const y = ops.maxPool(x, g);
      return [y, ops.maxPoolGradient(x, y, t('dy', y.size), g)];
    });
  });

  it('cross-entropy, its gradient and its hits, without rows that have no label', async () => {
    const labels = Int32Array.of(3, -1, 0, 6, 2, -1);
    await expectSame((ops, t) => {
      const { loss, hits, gradient } = ops.crossEntropy(t('logits', 6 * 7), labels, 7, 0.25);
      return [gradient, ops.tensor(Float32Array.of(loss, hits), [2])];
    });
  });

  it('layer norm and its gradient', async () => {
    await expectSame((ops, t) => {
      const gain = t('gain', 13);
      const { output, normalised, inverse } = ops.layerNorm(t('x', 5 * 13), gain, t('bias', 13), 5, 13);
      return [output, ops.layerNormGradient(t('dy', 5 * 13), gain, normalised, inverse, 5, 13)];
    });
  });

  it.each([true, false])('attention and its gradient, causal %s', async (causal) => {
    const shape = { examples: 2, steps: 7, size: 12, heads: 3, causal };
    await expectSame((ops, t) => {
      const qkv = t('qkv', 2 * 7 * 36);
      const { output, weights } = ops.attention(qkv, shape);
      return [output, weights, ops.attentionGradient(qkv, weights, t('dy', 2 * 7 * 12), shape)];
    });
  });

  it.each([4, 6, 1])('LSTM of %i units and its gradient', async (size) => {
    const shape = { examples: 3, steps: 5, size };
    await expectSame((ops, t) => {
      const [z, recurrent] = [t('z', 3 * 5 * 4 * size), t('u', 4 * size * size)];
      const pass = ops.lstm(z, recurrent, shape);
      const dz = ops.lstmGradient(pass, recurrent, t('dy', 3 * 5 * size), shape, false);
      const dzOfLast = ops.lstmGradient(pass, recurrent, t('last', 3 * size), shape, true);
      return [pass.output, ops.delayed(pass.output, shape), ops.lastSteps(pass.output, shape), dz, dzOfLast];
    });
  });

  it('rows by id: taken, summed, and the norms of their sums', async () => {
    const ids = Float32Array.of(2, 0, 2, 4, 4, 4);
    const shape = { examples: 2, steps: 3, size: 7 };
    await expectSame((ops, t) => {
      const names = ops.tensor(ids, [6]);
      return [
        ops.gather(t('table', 5 * 7), names, 6, 7),
        ops.segmentSum(t('x', 42), names, 6, 7, 5),
        ops.segmentNorms(t('x', 42), names, shape),
      ];
    });
  });

  it('sums, scales and repetitions of rows', async () => {
    await expectSame((ops, t) => [
      ops.columnSums(t('x', 66), 2, 3, 11),
      ops.productSums(t('x', 66), t('y', 66), 2, 3, 11),
      ops.rowSquares(t('x', 66), 6, 11),
      ops.scaleRows(t('x', 66), t('factors', 2), 6, 3, 11),
      ops.weightedSum(t('x', 66), t('factors', 6), 6, 11),
      ops.weightedSum(t('x', 66), null, 6, 11),
      ops.addToRows(t('x', 66), t('row', 11), 6, 11),
      ops.repeatRows(t('x', 22), 2, 3, 11, 0.5),
      ops.addScaled(t('x', 66), t('y', 66), -1.5),
      ops.tensor(Float32Array.of(ops.sumSquares(t('long', 5000))), [1]),
    ]);
  });

  it('a step of Adam', async () => {
    const step = { beta1: 0.9, beta2: 0.999, rate: 0.01, correction2: 10, epsilon: 1e-8 };
    await expectSame((ops, t) => {
      const spread = ops.activate(t('v', 21), 'sigmoid');
      return ops.adam(t('w', 21), t('m', 21), spread, t('g', 21), step);
    });
  });
});
