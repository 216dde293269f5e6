import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { initialWeights } from '#contract/federated/parameters.ts';
import { localTrainingSchema, trainingTaskSchema } from '#contract/federated/task.ts';
import type { DataItem } from '#contract/training-data.ts';
import { systemClock } from '../clock.ts';
import { resourcesDir } from '../entries.ts';
import { createMemoryLedger, type MemoryLedger } from '../hybrid/memory-ledger.ts';
import type { RoundJob, TrainingProgress } from './round-ports.ts';
import { createRoundTrainer, type NodeTrainer } from './round-trainer.ts';

/** Real trainer processes on the shipped digits. */
let dir: string;
let memory: MemoryLedger;
let trainer: NodeTrainer;
let mostThreads: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'round-trainer-'));
  mostThreads = 1;
  memory = createMemoryLedger({ ceiling: { ramBytes: 2e9, gpuBytes: 0 }, clock: systemClock });
  trainer = createRoundTrainer({
    cacheDir: dir,
    engineDir: dir,
    threads: () => mostThreads,
    memoryLimitMb: () => 700,
    dataItem: () => ({ source: { kind: 'built-in', name: 'digits' } }) as DataItem,
    memory,
    clock: systemClock,
  });
});
afterEach(async () => {
  await trainer.dispose();
  rmSync(dir, { recursive: true, force: true });
});

const shipped = JSON.parse(readFileSync(join(resourcesDir(), 'federated/tasks.json'), 'utf8')) as {
  tasks: { task: unknown }[];
};
const task = trainingTaskSchema.parse(shipped.tasks[0]?.task);
const share = { threads: 1, ramBytes: 1e9, gpuBytes: 0 };
const never = new AbortController().signal;

const job = (checkpoint: string): RoundJob => ({
  task,
  training: localTrainingSchema.parse({ epochs: 12, batchSize: 10, learningRate: 0.05 }),
  dataId: 'digits',
  weights: initialWeights(task.model, 1),
  control: null,
  checkpointFile: join(dir, checkpoint),
  seed: 'round/node',
});

/** Progress after which the test goes on. */
function watch() {
  let tell: ((progress: TrainingProgress) => void) | null = null;
  return {
    onProgress: (progress: TrainingProgress) => tell?.(progress),
    next: () =>
      new Promise<TrainingProgress>((resolve) => {
        tell = resolve;
      }),
  };
}

test('interrupted again and again it learns each batch once, to the same weights; its memory is free between', {
  timeout: 120_000,
}, async () => {
  await trainer.grant(share);
  const whole = await trainer.train(job('whole'), () => {}, never);
  expect(memory.reservations.get()).toEqual([]);

  const seen = watch();
  const parts = trainer.train(job('parts'), seen.onProgress, never);
  for (let turn = 0; turn < 4; turn += 1) {
    await seen.next();
    expect(memory.reservations.get()).toMatchObject([{ owner: 'training', name: 'Handwritten digits' }]);
    await trainer.interrupt();
    expect(memory.reservations.get()).toEqual([]);
    await trainer.grant(share);
  }
  const result = await parts;
  expect(result.steps).toBe(whole.steps);
  expect(result.repeatedSteps).toBe(0);
  expect(result.delta).toEqual(whole.delta);
  expect(trainer.needs().ramBytes).toBeGreaterThan(50e6);
});

test('a trainer that is still starting is ended at once, and the round goes on all the same', {
  timeout: 60_000,
}, async () => {
  await trainer.grant(share);
  const seen = watch();
  const training = trainer.train(job('start'), seen.onProgress, never);
  await systemClock.sleep(20);
  expect(memory.reservations.get()).toHaveLength(1);
  await trainer.interrupt();
  expect(memory.reservations.get()).toEqual([]);
  await trainer.grant(share);
  expect(await training).toMatchObject({ steps: 12 * 143, repeatedSteps: 0 });
});

test('paused by the operator it is interrupted all the same; without a turn it waits, and can be called off', {
  timeout: 60_000,
}, async () => {
  await trainer.grant(share);
  const seen = watch();
  const abort = new AbortController();
  const training = trainer.train(job('paused'), seen.onProgress, abort.signal);
  await seen.next();
  trainer.pause();
  await trainer.interrupt();
  expect(memory.reservations.get()).toEqual([]);
  abort.abort(new Error('left'));
  await expect(training).rejects.toThrow('left');
});

test('where a model holds the memory, training waits until there is room', { timeout: 60_000 }, async () => {
  const model = memory.reserve({ owner: 'model', name: 'Llama', ramBytes: 1.9e9, gpuBytes: 0 });
  await trainer.grant(share);
  const seen = watch();
  const training = trainer.train(job('room'), seen.onProgress, never);
  await systemClock.sleep(300);
  expect(memory.reservations.get().map(({ name }) => name)).toEqual(['Llama']);
  model.release();
  await seen.next();
  expect(memory.reservations.get().map(({ owner }) => owner)).toEqual(['training']);
  await training;
});

test('somebody sits down: within seconds it goes on with half the threads, from the batch where it was, and later with all', {
  timeout: 120_000,
}, async () => {
  mostThreads = 2;
  await trainer.grant({ ...share, threads: 2 });
  const seen = watch();
  const training = trainer.train(job('fewer'), seen.onProgress, never);
  await seen.next();
  expect(trainer.engine.get()?.threads).toBe(2);
  for (const threads of [1, 2]) {
    const before = await seen.next();
    const [pid] = trainer.pids();
    const startedAt = performance.now();
    await trainer.grant({ ...share, threads });
    const after = await seen.next();
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(trainer.engine.get()?.threads).toBe(threads);
    expect(trainer.pids()).not.toEqual([pid]);
    expect(after.step).toBeGreaterThan(before.step);
  }
  expect(await training).toMatchObject({ steps: 12 * 143, repeatedSteps: 0 });
});
