import { beforeEach, expect, test } from 'vitest';
import type { TrainingState, TrainingStatus } from '#contract/training.ts';
import { noTraining } from '#testing/no-training.ts';
import { type Paces, roundWork } from './round-work.ts';

let paces: Paces;
beforeEach(() => {
  paces = new Map();
});

const base = {
  ...{ roundId: 'r', taskId: 'digits', taskName: 'Digits', isSecure: false, participants: 1, since: 0 },
  deadline: 600_000,
};
const training = (progress: number, examplesPerSecond: number | null): TrainingState => ({
  ...{ ...base, state: 'training', epoch: 1, epochs: 10, loss: null, isPaused: false },
  ...{ progress, examplesPerSecond },
});
const tasks = [{ taskId: 'digits', examples: 1000 }] as TrainingStatus['tasks'];
const workOf = (state: TrainingState, now = 0) =>
  roundWork({ state, tasks }, paces, { now, threads: { all: 4, now: 2 } });

test('until it was measured, a round is taken to need a quarter of its time', () => {
  expect(workOf({ ...base, state: 'selected' })).toEqual({ deadline: 600_000, workMs: 150_000 });
  expect(workOf({ ...base, state: 'selected' }, 400_000)?.workMs).toBe(50_000);
  expect(workOf(training(0, null))?.workMs).toBe(150_000);
});

test('what is left follows from the pace, with all threads instead of those that it has', () => {
  // 10 epochs of 1,000 examples, half of them done, 100 a second with two threads.
  expect(workOf(training(0.5, 100))?.workMs).toBe(25_000);
  expect(workOf({ ...base, state: 'downloading', progress: 0 })?.workMs).toBe(50_000);
});

test('where nothing is to be computed there is no round', () => {
  expect(workOf({ ...base, state: 'uploading', step: 'waiting', retryAt: null })).toBeNull();
  expect(workOf(noTraining.state)).toBeNull();
});
