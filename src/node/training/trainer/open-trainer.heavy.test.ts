import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planModel } from '#contract/federated/model-plan.ts';
import { initialWeights, parameterCount } from '#contract/federated/parameters.ts';
import type { TrainProgress } from '#contract/federated/trainer-messages.ts';
import {
  clusteredData,
  randomData,
  sampleTask,
  sampleTraining,
  smallModels,
} from '#testing/training-models.ts';
import { threadsPay } from '../engine/work.ts';
import { openTrainer, type Trainer } from './open-trainer.ts';

const model = smallModels.mlp;
const task = sampleTask(model);
const data = clusteredData(240);
const request = {
  task,
  weights: initialWeights(model, 1),
  training: sampleTraining({ learningRate: 0.1 }),
  data,
  seed: 1,
};
/** Takes far longer than a test. */
const endless = {
  ...request,
  training: sampleTraining({ epochs: 100, batchSize: 1, learningRate: 1e-6 }),
  data: clusteredData(6000),
};

let dir: string;
let trainer: Trainer;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'trainer-'));
  trainer = openTrainer();
});
afterAll(async () => {
  await trainer.dispose();
  rmSync(dir, { recursive: true });
});

/** Starts training and waits for its first progress. */
async function started(of: Trainer, signal?: AbortSignal): Promise<{ result: Promise<unknown> }> {
  const progressed = Promise.withResolvers<void>();
  const result = of.train(endless, { signal, onProgress: () => progressed.resolve() });
  result.catch(() => {});
  await progressed.promise;
  return { result };
}

describe('the trainer process', () => {
  it('says what it runs on, starts a model, trains it and evaluates it', async () => {
    expect(await trainer.describe()).toMatchObject({ engine: 'wasm', usesGpu: false, threads: 1 });
    const weights = await trainer.initialise(model, 1);
    expect(weights).toEqual(initialWeights(model, 1));
    const seen: TrainProgress[] = [];
    const before = await trainer.evaluate({ task, weights, data });
    const result = await trainer.train(request, { onProgress: (progress) => seen.push(progress) });
    expect(result).toMatchObject({ examples: 240, steps: 120 });
    expect(result.accuracy).toBeGreaterThan(0.95);
    expect(seen.filter(({ step }) => step % 24 === 0).map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
    expect(seen.at(-1)).toMatchObject({ epoch: 5, epochs: 5, step: 120, steps: 120 });
    const after = await trainer.evaluate({
      task,
      weights: result.weights,
      data: clusteredData(99, 'others'),
    });
    expect(after.examples).toBe(99);
    expect(after.loss).toBeLessThan(before.loss / 2);
  });

  it('has nothing to say of a model where nothing is held back', async () => {
    const none = { kind: 'memory', inputs: new Float32Array(0), labels: new Int32Array(0) };
    const evaluation = await trainer.evaluate({ task, weights: initialWeights(model, 1), data: none });
    expect(evaluation).toEqual({ loss: 0, accuracy: 0, examples: 0 });
  });

  it('gives the same weights for the same seed, others for another one', async () => {
    const [first, again, other] = [
      await trainer.train(request),
      await trainer.train(request),
      await trainer.train({ ...request, seed: 2 }),
    ];
    expect(again.weights).toEqual(first.weights);
    expect(other.weights).not.toEqual(first.weights);
  });

  it('trains privately with noise that no seed decides', async () => {
    const privacy = { clipNorm: 1, noiseMultiplier: 0.2, delta: 1e-5 };
    const training = sampleTraining({ epochs: 30, batchSize: 40, learningRate: 0.5, privacy });
    const [first, again] = [
      await trainer.train({ ...request, training }),
      await trainer.train({ ...request, training }),
    ];
    expect(first).toMatchObject({ examples: 240, steps: 180 });
    expect(first.accuracy).toBeGreaterThan(0.9);
    expect(again.weights).not.toEqual(first.weights);
  });

  it('refuses what the model cannot take, and goes on', async () => {
    const refused = (change: object) => trainer.train({ ...request, ...change });
    await expect(refused({ weights: new Float32Array(3) })).rejects.toMatchObject({
      code: 'training/bad-weights',
    });
    await expect(refused({ weights: request.weights.map(() => Number.NaN) })).rejects.toMatchObject({
      code: 'training/bad-weights',
    });
    await expect(refused({ data: { ...data, labels: data.labels.map(() => 3) } })).rejects.toMatchObject({
      code: 'training/bad-data',
    });
    await expect(refused({ data: { ...data, labels: new Int32Array(2) } })).rejects.toMatchObject({
      code: 'training/bad-data',
    });
    await expect(refused({ data: { kind: 'unknown' } })).rejects.toMatchObject({ code: 'training/bad-data' });
    await expect(refused({ training: { epochs: 0 } })).rejects.toMatchObject({ code: 'training/failed' });
    expect((await trainer.train(request)).examples).toBe(240);
  });

  it('says that training diverges instead of giving numbers that are none', async () => {
    const training = sampleTraining({ learningRate: 10, epochs: 20 });
    const far = { ...data, inputs: data.inputs.map((value) => value * 1e18) };
    await expect(trainer.train({ ...request, training, data: far })).rejects.toMatchObject({
      code: 'training/diverged',
    });
  });

  it('stops where it is cancelled, also while paused', async () => {
    const cancel = new AbortController();
    const { result } = await started(trainer, cancel.signal);
    trainer.pause();
    cancel.abort();
    await expect(result).rejects.toMatchObject({ code: 'training/cancelled' });
    trainer.resume();
    await expect(trainer.train(request, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'training/cancelled',
    });
  });

  it('waits while paused and then gives the same weights', async () => {
    const undisturbed = await trainer.train(request);
    trainer.pause();
    let isDone = false;
    const paused = trainer.train(request).then((result) => {
      isDone = true;
      return result;
    });
    // It is answered while training waits.
    await trainer.describe();
    expect(isDone).toBe(false);
    trainer.resume();
    expect((await paused).weights).toEqual(undisturbed.weights);
  });

  it('goes on from the last epoch after it was killed, and ends with the same weights', async () => {
    const checkpointPath = join(dir, 'killed');
    const training = sampleTraining({ epochs: 4, optimizer: { type: 'adam' } });
    const long = { ...request, training, data: clusteredData(3000) };
    const undisturbed = await trainer.train(long);
    const epochs: number[] = [];
    let isKilled = false;
    const result = await trainer.train(
      { ...long, checkpointPath },
      {
        onProgress: ({ epoch }) => {
          epochs.push(epoch);
          if (epoch !== 3 || isKilled) return;
          isKilled = true;
          process.kill(trainer.pid() as number, 'SIGKILL');
        },
      },
    );
    expect(isKilled).toBe(true);
    expect(existsSync(checkpointPath)).toBe(true);
    expect(epochs.lastIndexOf(1)).toBeLessThan(epochs.indexOf(3));
    expect(result.weights).toEqual(undisturbed.weights);
    expect(result.steps).toBe(undisturbed.steps);
  });

  it('is a typed error when it is killed without a checkpoint, and starts again', async () => {
    const { result } = await started(trainer);
    process.kill(trainer.pid() as number, 'SIGKILL');
    await expect(result).rejects.toMatchObject({ code: 'training/worker-crashed' });
    expect(await trainer.describe()).toMatchObject({ engine: 'wasm' });
  });

  it('trains with two threads to the same weights each time, but for rounding those of one', async () => {
    const conv = {
      type: 'conv2d',
      filters: 8,
      kernel: 5,
      stride: 1,
      padding: 'same',
      activation: 'relu',
    } as const;
    const pool = { type: 'max-pool2d', size: 4 } as const;
    const end = [{ type: 'flatten' }, { type: 'dense', units: 3, activation: 'linear' }] as const;
    const image = {
      ...model,
      input: { kind: 'numbers' as const, shape: [24, 24, 2] },
      layers: [conv, pool, conv, ...end],
    };
    const training = sampleTraining({ epochs: 1, batchSize: 32 });
    expect(threadsPay(planModel(image), 32, 2)).toBe(true);
    const job = {
      ...request,
      ...{
        task: sampleTask(image),
        weights: initialWeights(image, 1),
        training,
        data: randomData(image, 80),
      },
    };
    const two = openTrainer({ threads: 2 });
    const [alone, first, again] = [await trainer.train(job), await two.train(job), await two.train(job)];
    await two.dispose();
    expect(again.weights).toEqual(first.weights);
    expect(first.weights).not.toEqual(alone.weights);
    const away = first.weights.map((value, index) => Math.abs(value - (alone.weights[index] as number)));
    expect(Math.max(...away)).toBeLessThan(1e-5);
  });

  it('keeps to its memory limit, and refuses beforehand a model that is over it', async () => {
    const small = openTrainer({ memoryLimitMb: 64 });
    await expect(small.train(request)).rejects.toMatchObject({ code: 'training/out-of-memory' });
    await small.dispose();
    const enough = openTrainer({ memoryLimitMb: 500 });
    await expect(enough.train(request)).resolves.toMatchObject({ examples: 240 });
    const wide = {
      ...model,
      layers: [{ ...model.layers[0], units: 50_000 }, { ...model.layers[0], units: 500 }, model.layers[1]],
    };
    const large = sampleTask(wide as typeof model);
    const weights = new Float32Array(parameterCount(large.model));
    await expect(enough.train({ ...request, task: large, weights })).rejects.toMatchObject({
      code: 'training/out-of-memory',
    });
    await expect(enough.train(request)).resolves.toMatchObject({ examples: 240 });
    await enough.dispose();
  });
});
