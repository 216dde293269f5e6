import { setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { initialWeights } from '#contract/federated/parameters.ts';
import { seededRandom } from '#contract/federated/seeded-random.ts';
import { clusteredData, sampleTraining, smallModels } from '#testing/training-models.ts';
import { type Engine, openWasmEngine } from '../engine/engine.ts';
import { createLearner } from '../engine/gradients.ts';
import { createModel } from '../engine/model.ts';
import { createBatchReader, memoryExamples } from './batches.ts';
import type { Checkpoint } from './checkpoint.ts';
import { toFlat, toTensors } from './flat-weights.ts';
import { type LocalTrainingJob, type PrivateRandom, trainLocally } from './local-training.ts';
import { createPrivateRandom } from './private-random.ts';

const spec = smallModels.mlp;
const weights = initialWeights(spec, 1);
const data = clusteredData(60);
let engine: Engine;
beforeAll(async () => {
  engine = await openWasmEngine();
  await setBackend('wasm');
});

async function train(
  job: Partial<LocalTrainingJob>,
  privateRandom = createPrivateRandom(),
  checkpoints: Checkpoint[] = [],
  isInterrupted = () => false,
) {
  const model = createModel(engine.ops, spec);
  const result = await trainLocally(
    {
      ops: engine.ops,
      plan: model.plan,
      source: createLearner(engine.ops, model),
      batches: createBatchReader(spec, memoryExamples(data, spec)),
      privateRandom,
    },
    { weights, training: sampleTraining(), seed: 'seed', from: null, ...job },
    {
      beforeStep: async () => {},
      isInterrupted,
      onProgress: () => {},
      onCheckpoint: async (checkpoint) => void checkpoints.push(checkpoint),
    },
  );
  return { ...result, checkpoints };
}

/** Interrupted before each of these batches, counted over all epochs; goes on from each checkpoint as it is read from the disk. */
async function trainInterrupted(job: Partial<LocalTrainingJob>, before: number[]) {
  const checkpoints: Checkpoint[] = [];
  let from: Checkpoint | null = null;
  for (const batch of before) {
    let left = batch - ((from as Checkpoint | null)?.steps ?? 0);
    const segment = train({ ...job, from }, undefined, checkpoints, () => left-- === 0);
    await expect(segment).rejects.toMatchObject({ code: 'training/interrupted', data: { steps: batch } });
    from = structuredClone(checkpoints.at(-1)) ?? null;
  }
  return { interruptions: checkpoints, result: await train({ ...job, from }) };
}

const distance = (a: Float32Array, b: Float32Array): number =>
  Math.hypot(...a.map((value, index) => value - (b[index] as number)));

describe('local training that is interrupted', () => {
  const momentum = sampleTraining({ optimizer: { type: 'sgd', momentum: 0.9, weightDecay: 0 } });

  it.each([[[0]], [[7]], [[1, 2, 3]], [[5, 6, 12, 29]], [[3, 3, 17]]])(
    'before batches %j learns every batch once, to the very same weights',
    async (before) => {
      const whole = await train({ training: momentum });
      const { result } = await trainInterrupted({ training: momentum }, before);
      expect(result.steps).toBe(30);
      expect(result.weights).toEqual(whole.weights);
      expect(result.loss).toBeCloseTo(whole.loss, 9);
      expect(result.accuracy).toBe(whole.accuracy);
    },
  );

  it('keeps how far within an epoch it came', async () => {
    const { interruptions } = await trainInterrupted({}, [8]);
    expect(interruptions.at(-1)).toMatchObject({ epochsDone: 1, steps: 8, within: { batches: 2 } });
  });
});

describe('local training', () => {
  it('is SGD with a rate of 0.01 over 5 epochs of batches of 10 where nothing else is said', async () => {
    const { steps, checkpoints } = await train({});
    expect(steps).toBe(30);
    expect(checkpoints.map(({ epochsDone, steps: done }) => [epochsDone, done])).toEqual([
      [1, 6],
      [2, 12],
      [3, 18],
      [4, 24],
      [5, 30],
    ]);
  });

  it.each([{}, { optimizer: { type: 'adam' } }, { optimizer: { type: 'sgd', momentum: 0.9 } }])(
    'that goes on from any epoch ends with the same weights %#',
    async (change) => {
      const training = sampleTraining({ learningRate: 0.05, ...change });
      const whole = await train({ training });
      for (const from of whole.checkpoints) {
        const rest = await train({ training, from });
        expect(rest.weights).toEqual(whole.weights);
        expect(rest).toMatchObject({ loss: whole.loss, accuracy: whole.accuracy, steps: 30 });
      }
    },
  );

  it('stays nearer to the global model the larger FedProx’s μ is', async () => {
    const away = async (proximal: number) =>
      distance(weights, (await train({ training: sampleTraining({ learningRate: 0.1, proximal }) })).weights);
    const [free, near, nearer] = [await away(0), await away(0.5), await away(5)];
    expect(near).toBeLessThan(free);
    expect(nearer).toBeLessThan(near / 2);
  });

  it('drifts by SCAFFOLD’s correction, and says what its own variate becomes', async () => {
    const training = sampleTraining({ learningRate: 0.1, epochs: 1, batchSize: 60 });
    const zeros = weights.map(() => 0);
    const plain = await train({ training, controlVariates: { global: zeros, own: zeros } });
    // One step: c_i⁺ is the gradient itself.
    plain.controlDelta?.forEach((value, index) => {
      const gradient = ((weights[index] as number) - (plain.weights[index] as number)) / 0.1;
      expect(value).toBeCloseTo(gradient, 4);
    });
    const global = weights.map((_, index) => Math.sin(index) / 10);
    const own = weights.map((_, index) => Math.cos(index) / 10);
    const corrected = await train({ training, controlVariates: { global, own } });
    corrected.weights.forEach((value, index) => {
      const pull = 0.1 * ((global[index] as number) - (own[index] as number));
      expect(value).toBeCloseTo((plain.weights[index] as number) - pull, 5);
    });
    corrected.controlDelta?.forEach((value, index) => {
      // (x − y) / (K·η) − c, where y holds the gradient and c − c_i: the gradient − c_i.
      expect(value).toBeCloseTo((plain.controlDelta?.[index] as number) - (own[index] as number), 4);
    });
  });
});

describe('private training', () => {
  const privacy = { clipNorm: 0.3, noiseMultiplier: 1.5, delta: 1e-5 };
  const training = sampleTraining({ epochs: 1, batchSize: 20, learningRate: 0.5, privacy });

  it('steps by (sum of clipped gradients + noise) / expected batch', async () => {
    const drawn: [count: number, rate: number][] = [];
    const deviations: number[] = [];
    const samples = [
      Int32Array.of(3, 7, 8),
      Int32Array.of(),
      Int32Array.from({ length: 45 }, (_, index) => index),
    ];
    const { weights: learnt, steps } = await train(
      { training },
      {
        sample: (count, rate) => samples[drawn.push([count, rate]) - 1] as Int32Array,
        addNoise: (out, deviation) => {
          deviations.push(deviation);
          for (let index = 0; index < out.length; index += 1)
            out[index] = 0.01 * deviations.length * (index + 1);
        },
      },
    );
    expect(steps).toBe(3);
    expect(drawn).toEqual(Array(3).fill([60, 20 / 60]));
    deviations.forEach((deviation) => {
      expect(deviation).toBeCloseTo(0.45, 9);
    });

    const model = createModel(engine.ops, spec);
    const learner = createLearner(engine.ops, model);
    let expected = weights;
    samples.forEach((sample, step) => {
      const sum = new Float64Array(weights.length);
      for (const example of sample) {
        const row = {
          count: 1,
          inputs: data.inputs.subarray(example * 6, example * 6 + 6),
          labels: data.labels.subarray(example, example + 1),
        };
        const { gradients } = learner.gradients(toTensors(engine.ops, model.plan, expected), row, 1);
        const gradient = toFlat(gradients, new Float32Array(weights.length));
        const factor = Math.min(1, 0.3 / Math.hypot(...gradient));
        gradient.forEach((value, index) => {
          sum[index] = (sum[index] as number) + factor * value;
        });
      }
      expected = expected.map(
        (value, index) => value - (0.5 * ((sum[index] as number) + 0.01 * (step + 1) * (index + 1))) / 20,
      );
    });
    expect(distance(learnt, expected)).toBeLessThan(1e-4);
  });

  it('learns all the same, with little noise', async () => {
    const random = seededRandom('noise');
    const even: PrivateRandom = {
      sample: (count, rate) =>
        Int32Array.from(Array.from({ length: count }, (_, index) => index).filter(() => random() < rate)),
      addNoise: (out, deviation) => {
        for (let index = 0; index < out.length; index += 1)
          out[index] = (random() - 0.5) * Math.sqrt(12) * deviation;
      },
    };
    const little = { ...privacy, clipNorm: 1, noiseMultiplier: 0.3 };
    const long = sampleTraining({ epochs: 40, batchSize: 20, learningRate: 0.3, privacy: little });
    expect((await train({ training: long }, even)).accuracy).toBeGreaterThan(0.9);
  });
});
