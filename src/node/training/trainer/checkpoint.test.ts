import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { initialWeights } from '#contract/federated/parameters.ts';
import { clusteredData, sampleTask, sampleTraining, smallModels } from '#testing/training-models.ts';
import { checkpointKey, readCheckpoint, writeCheckpoint } from './checkpoint.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'checkpoint-'));
  path = join(dir, 'epoch');
});
afterEach(() => rmSync(dir, { recursive: true }));

const checkpoint = {
  epochsDone: 2,
  steps: 14,
  durationMs: 3.5,
  loss: 0.25,
  accuracy: 0.5,
  within: { batches: 4, score: { loss: 1.5, hits: 20, counted: 40 } },
  weights: Float32Array.of(1, -2.5, 3),
  slots: [Float32Array.of(4, 5, 6), Float32Array.of(7, 8, 9)],
};

it('is read as it was written, and leaves no other file', async () => {
  await writeCheckpoint(path, 'key', checkpoint);
  await writeCheckpoint(path, 'key', { ...checkpoint, epochsDone: 3 });
  expect(readCheckpoint(path, 'key')).toEqual({ ...checkpoint, epochsDone: 3 });
  expect(readdirSync(dir)).toEqual(['epoch']);
});

it('is none when it is not there, of another request, cut or damaged', async () => {
  expect(readCheckpoint(path, 'key')).toBeNull();
  await writeCheckpoint(path, 'key', checkpoint);
  expect(readCheckpoint(path, 'other')).toBeNull();
  const bytes = readFileSync(path);
  for (const place of [0, 33, 40, bytes.length - 1]) {
    const damaged = Buffer.from(bytes);
    damaged[place] = (damaged[place] as number) ^ 1;
    writeFileSync(path, damaged);
    expect(readCheckpoint(path, 'key')).toBeNull();
  }
  writeFileSync(path, bytes.subarray(0, 20));
  expect(readCheckpoint(path, 'key')).toBeNull();
});

it('belongs to one request: another seed, start or way of training is another', () => {
  const request = {
    task: sampleTask(smallModels.mlp),
    weights: initialWeights(smallModels.mlp, 1),
    training: sampleTraining(),
    data: clusteredData(3),
    seed: 1,
  };
  const keys = [
    checkpointKey(request, 3),
    checkpointKey(request, 4),
    checkpointKey({ ...request, seed: 2 }, 3),
    checkpointKey({ ...request, weights: initialWeights(smallModels.mlp, 2) }, 3),
    checkpointKey({ ...request, training: sampleTraining({ epochs: 6 }) }, 3),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(checkpointKey({ ...request }, 3)).toBe(keys[0]);
});
