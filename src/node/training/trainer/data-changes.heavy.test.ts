import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { initialWeights } from '#contract/federated/parameters.ts';
import { seededRandom } from '#contract/federated/seeded-random.ts';
import type { MemoryData, TrainRequest } from '#contract/federated/trainer-messages.ts';
import { sampleTask, sampleTraining, smallModels } from '#testing/training-models.ts';
import { openTrainer, type Trainer } from './open-trainer.ts';

let dir: string;
let trainer: Trainer;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'changes-'));
  trainer = openTrainer();
});
afterAll(async () => {
  await trainer.dispose();
  rmSync(dir, { recursive: true });
});

const side = 8;
const images: TrainRequest['task'] = {
  ...sampleTask(smallModels.mlp),
  model: {
    input: { kind: 'numbers', shape: [side, side, 1] },
    layers: [
      { type: 'flatten' },
      { type: 'dense', units: 24, activation: 'relu' },
      { type: 'dense', units: 2, activation: 'linear' },
    ],
    output: { kind: 'classes', count: 2 },
  },
  data: { kind: 'image', width: side, height: side, channels: 1, labels: ['down', 'across'] },
};

/** Bars that go down or across, in noise, at one of these places. */
function bars(count: number, places: readonly number[], seed: string): MemoryData {
  const random = seededRandom(seed);
  const labels = Int32Array.from({ length: count }, (_, index) => index % 2);
  const inputs = Float32Array.from({ length: count * side * side }, (_, index) => {
    const example = Math.floor(index / (side * side));
    const [x, y] = [index % side, Math.floor(index / side) % side];
    const place = places[Math.floor(example / 2) % places.length];
    return ((labels[example] === 0 ? x : y) === place ? 0.8 : 0) + 0.2 * random();
  });
  return { kind: 'memory', inputs, labels };
}

const rare: TrainRequest['task'] = {
  ...sampleTask(smallModels.mlp),
  data: { kind: 'table', columns: 6, scale: [{ offset: 0, factor: 1 }], labels: ['a', 'b', 'c'] },
};

/** Three classes that overlap; of the last there are `count` examples in a thousand. */
function unevenly(count: number, seed = 'uneven'): MemoryData {
  const random = seededRandom(seed);
  const labels = Int32Array.from({ length: 1000 }, (_, index) => (index < count ? 2 : index % 2));
  const inputs = Float32Array.from({ length: 6000 }, (_, index) => {
    const label = labels[Math.floor(index / 6)] as number;
    return (index % 3 === label ? 0.5 : 0) + 2 * (random() - 0.5);
  });
  return { kind: 'memory', inputs, labels };
}

const shifted = { kind: 'image', shiftPixels: 2 } as const;
const request = {
  task: images,
  weights: initialWeights(images.model, 1),
  training: sampleTraining({ epochs: 12, learningRate: 0.1, augmentation: shifted }),
  data: bars(300, [4], 'bars'),
  seed: 'round/node',
};
const balancing = {
  ...request,
  task: rare,
  weights: initialWeights(rare.model, 1),
  training: sampleTraining({ epochs: 6, learningRate: 0.1, balance: 'classes' }),
  data: unevenly(20),
};
const plain = <T extends TrainRequest>(of: T): T => {
  const { augmentation: _, balance: __, ...training } = of.training;
  return { ...of, training };
};

it('what is learnt from shifted images is known elsewhere too, the same each time', async () => {
  const elsewhere = bars(200, [2, 3, 5, 6], 'elsewhere');
  const accuracy = async (weights: Float32Array) =>
    (await trainer.evaluate({ task: images, weights, data: elsewhere })).accuracy;
  const learnt = await trainer.train(request);
  expect((await trainer.train(request)).weights).toEqual(learnt.weights);
  expect((await trainer.train({ ...request, seed: 'round/other' })).weights).not.toEqual(learnt.weights);
  expect(await accuracy((await trainer.train(plain(request))).weights)).toBeLessThan(0.8);
  expect(await accuracy(learnt.weights)).toBeGreaterThan(0.95);
});

it('a model is evaluated on examples as they are', async () => {
  const { weights } = await trainer.train(plain(request));
  const { accuracy, examples } = await trainer.evaluate({ task: images, weights, data: request.data });
  expect([accuracy, examples]).toEqual([1, 300]);
});

it('a rare class is learnt from as often as the others', async () => {
  const { inputs } = unevenly(1000, 'rare alone');
  const onlyRare = { kind: 'memory', inputs, labels: new Int32Array(1000).fill(2) };
  const recall = async (weights: Float32Array) =>
    (await trainer.evaluate({ task: rare, weights, data: onlyRare })).accuracy;
  const evenly = await trainer.train(balancing);
  expect(evenly).toMatchObject({ examples: 1000, steps: 600 });
  expect((await trainer.train(balancing)).weights).toEqual(evenly.weights);
  const usual = await recall((await trainer.train(plain(balancing))).weights);
  expect(usual).toBeLessThan(0.15);
  expect(await recall(evenly.weights)).toBeGreaterThan(usual + 0.3);
});

it.each([
  ['shifted images', request],
  ['balanced classes', balancing],
])('with %s training that was paused, or killed, ends with the same weights', async (name, job) => {
  const undisturbed = await trainer.train(job);
  const checkpointPath = join(dir, name.replace(' ', '-'));
  let isKilled = false;
  let isPaused = false;
  const result = await trainer.train(
    { ...job, checkpointPath },
    {
      onProgress({ epoch }) {
        if (epoch >= 3 && !isPaused) {
          isPaused = true;
          trainer.pause();
          setTimeout(() => trainer.resume(), 100);
        }
        if (epoch < 5 || isKilled) return;
        isKilled = true;
        process.kill(trainer.pid() as number, 'SIGKILL');
      },
    },
  );
  expect([isPaused, isKilled]).toEqual([true, true]);
  expect(result.weights).toEqual(undisturbed.weights);
  expect(result.steps).toBe(undisturbed.steps);
});

it('what a task’s data cannot be is refused with its reason', async () => {
  const training = sampleTraining({ augmentation: { kind: 'text', tokenDropoutPercent: 5 } });
  await expect(trainer.train({ ...request, training })).rejects.toMatchObject({
    code: 'training/bad-task',
    message: 'The task learns from images; they cannot be left without some of their words.',
  });
});

it('a private task may shift its images', async () => {
  const privacy = { clipNorm: 1, noiseMultiplier: 0.3, delta: 1e-5 };
  const training = sampleTraining({
    ...{ epochs: 30, batchSize: 60, learningRate: 0.5, augmentation: shifted },
    privacy,
  });
  const { weights } = await trainer.train({ ...request, training });
  const elsewhere = bars(200, [3, 5], 'elsewhere');
  expect((await trainer.evaluate({ task: images, weights, data: elsewhere })).accuracy).toBeGreaterThan(0.8);
});
