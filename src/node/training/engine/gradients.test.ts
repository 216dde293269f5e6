import { dispose, memory, setBackend, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelSpec } from '#contract/federated/model-spec.ts';
import { sizeOf } from '#contract/federated/parameter.ts';
import { initialWeights } from '#contract/federated/parameters.ts';
import { seededRandom } from '#contract/federated/seeded-random.ts';
import type { LocalTraining } from '#contract/federated/task.ts';
import { randomData, sampleTraining, smallModels } from '#testing/training-models.ts';
import { toFlat, toTensors } from '../trainer/flat-weights.ts';
import { type Engine, openCpuEngine, openWasmEngine } from './engine.ts';
import { countOf, createLearner, type Gradients, type Learner, type Rows } from './gradients.ts';
import { createModel, type Model } from './model.ts';
import { createOptimizer, type Pulls, slotsOf } from './optimizer.ts';

const examples = 6;
const engines: Record<string, Engine> = {};
beforeAll(async () => {
  engines.wasm = await openWasmEngine();
  engines.cpu = await openCpuEngine();
});

interface Bench {
  engine: Engine;
  model: Model;
  learner: Learner;
  rows: Rows;
  weights(change?: Float32Array): Tensor[];
}

/** A model on an engine, with a batch. */
async function setUp(name: string, spec: ModelSpec): Promise<Bench> {
  const engine = engines[name] as Engine;
  await setBackend(engine.name);
  const model = createModel(engine.ops, spec);
  const { inputs, labels } = randomData(spec, examples);
  // Zeros would hide what is wrong with biases and adapters.
  const random = seededRandom('start');
  const start = initialWeights(spec, 3).map((value) => value + 0.2 * (random() - 0.5));
  return {
    engine,
    model,
    learner: createLearner(engine.ops, model),
    rows: { count: examples, inputs, labels },
    weights: (change) =>
      toTensors(engine.ops, model.plan, change ? start.map((v, i) => v + (change[i] as number)) : start),
  };
}

function flat({ gradients }: Gradients): Float32Array {
  const out = toFlat(
    gradients,
    new Float32Array(gradients.reduce((size, gradient) => size + gradient.size, 0)),
  );
  dispose(gradients);
  return out;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < a.length; index += 1)
    largest = Math.max(largest, Math.abs((a[index] as number) - (b[index] as number)));
  return largest;
}

const one = ({ inputs, labels }: Rows, index: number): Rows => {
  const [inputSize, labelSize] = [inputs.length / examples, labels.length / examples];
  return {
    count: 1,
    inputs: inputs.subarray(index * inputSize, (index + 1) * inputSize),
    labels: labels.subarray(index * labelSize, (index + 1) * labelSize),
  };
};

describe.each(Object.entries(smallModels))('gradients of the model %s', (_name, spec) => {
  it.each(['wasm', 'cpu'])('are the slopes of its loss, parameter by parameter, on %s', async (engine) => {
    const { learner, model, rows, weights } = await setUp(engine, spec);
    const gradient = flat(learner.gradients(weights(), rows, 1));
    const random = seededRandom('directions');
    let offset = 0;
    for (const { name, shape } of model.plan.parameters) {
      const end = offset + sizeOf(shape);
      const direction = new Float32Array(model.plan.size);
      for (let index = offset; index < end; index += 1) direction[index] = random() - 0.5;
      const lossAt = (factor: number) =>
        learner.score(weights(direction.map((value) => value * factor)), rows).loss;
      const slopeOver = (width: number) => (lossAt(width) - lossAt(-width)) / (2 * width);
      // Richardson's step takes out what the loss is curved.
      const measured = (4 * slopeOver(0.005) - slopeOver(0.01)) / 3;
      const computed = gradient.reduce((sum, value, index) => sum + value * (direction[index] as number), 0);
      expect(Math.abs(measured - computed), name).toBeLessThan(3e-3 * Math.max(1, Math.abs(computed)));
      offset = end;
    }
  });

  it('are the same on our kernels and on TensorFlow.js', async () => {
    const ours = await setUp('wasm', spec);
    const first = flat(ours.learner.gradients(ours.weights(), ours.rows, 0.5));
    const score = ours.learner.score(ours.weights(), ours.rows);
    const cpu = await setUp('cpu', spec);
    const second = flat(cpu.learner.gradients(cpu.weights(), cpu.rows, 0.5));
    expect(largestDifference(first, second)).toBeLessThan(1e-5);
    expect(score.loss).toBeCloseTo(cpu.learner.score(cpu.weights(), cpu.rows).loss, 4);
    expect(score.hits).toBe(cpu.learner.score(cpu.weights(), cpu.rows).hits);
  });

  it.each(['wasm', 'cpu'])(
    'clipped for each example are those of one example after the other, on %s',
    async (engine) => {
      const { learner, rows, weights } = await setUp(engine, spec);
      const singles = Array.from({ length: examples }, (_, index) => {
        const row = one(rows, index);
        return flat(learner.gradients(weights(), row, 1 / Math.max(1, countOf(row.labels))));
      });
      const norms = singles.map((single) => Math.hypot(...single));
      // Half of the examples are above it.
      const clipNorm = [...norms].sort((a, b) => a - b)[examples / 2] as number;
      const expected = (singles[0] as Float32Array).map((_, index) =>
        singles.reduce(
          (sum, single, row) =>
            sum + (single[index] as number) * Math.min(1, clipNorm / (norms[row] as number)),
          0,
        ),
      );
      const clipped = flat(learner.clippedGradients(weights(), rows, clipNorm));
      expect(largestDifference(clipped, expected)).toBeLessThan(1e-4);
      const loose = flat(learner.clippedGradients(weights(), rows, 1e9));
      const sums = singles.reduce((sum, single) =>
        sum.map((value, index) => value + (single[index] as number)),
      );
      expect(largestDifference(loose, sums)).toBeLessThan(1e-4);
    },
  );

  it('are the same where memory allows two rows at a time', async () => {
    const { engine, model, learner, rows, weights } = await setUp('wasm', spec);
    const sparing = createLearner(engine.ops, model, 2.5 * model.plan.activationSize);
    for (const kind of ['gradients', 'clippedGradients'] as const) {
      const [whole, parts] = [learner[kind](weights(), rows, 0.5), sparing[kind](weights(), rows, 0.5)];
      expect(parts).toMatchObject({ hits: whole.hits, counted: whole.counted });
      expect(largestDifference(flat(parts), flat(whole))).toBeLessThan(1e-5);
    }
  });

  it('leave no tensor behind', async () => {
    const { learner, rows, weights } = await setUp('wasm', spec);
    const start = weights();
    const before = memory().numTensors;
    flat(learner.gradients(start, rows, 1));
    flat(learner.clippedGradients(start, rows, 1));
    learner.score(start, rows);
    expect(memory().numTensors).toBe(before);
  });

  it.each([
    ['SGD', {}, {}],
    ['momentum and weight decay', { optimizer: { type: 'sgd', momentum: 0.9, weightDecay: 0.01 } }, {}],
    // A gradient that is 0 but for rounding (a key's bias) must not become a step.
    ['Adam, clipped', { optimizer: { type: 'adam', epsilon: 0.01 }, clipNorm: 0.5 }, {}],
    ['FedProx and SCAFFOLD', { proximal: 0.5 }, { start: true, correction: true }],
  ])('lead to the same weights on our kernels and on TensorFlow.js: %s', async (_title, change, pulled) => {
    const training = sampleTraining({ learningRate: 0.05, ...change });
    const [ours, theirs] = [
      await run('wasm', spec, training, pulled),
      await run('cpu', spec, training, pulled),
    ];
    expect(largestDifference(ours, theirs)).toBeLessThan(1e-4);
    expect(ours).toEqual(await run('wasm', spec, training, pulled));
  });
});

/** Weights after eight steps. */
async function run(
  name: string,
  spec: ModelSpec,
  training: LocalTraining,
  pulled: { start?: boolean; correction?: boolean },
): Promise<Float32Array> {
  const { engine, model, learner, rows, weights } = await setUp(name, spec);
  const { plan } = model;
  const pulls: Pulls = {};
  if (pulled.start) pulls.start = weights();
  if (pulled.correction)
    pulls.correction = toTensors(
      engine.ops,
      plan,
      Float32Array.from({ length: plan.size }, (_, i) => Math.sin(i)),
    );
  const slots = Array.from({ length: slotsOf(training) }, () =>
    toTensors(engine.ops, plan, new Float32Array(plan.size)),
  );
  const optimizer = createOptimizer(engine.ops, training, { steps: 0, slots }, pulls);
  let now = weights();
  for (let step = 0; step < 8; step += 1)
    now = optimizer.step(now, learner.gradients(now, rows, 1 / countOf(rows.labels)).gradients);
  return toFlat(now, new Float32Array(plan.size));
}
