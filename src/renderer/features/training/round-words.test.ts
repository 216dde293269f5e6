import type { TFunction } from 'i18next';
import { expect, test } from 'vitest';
import type { TrainingState } from '#contract/training.ts';
import { canLeave, roundSteps, roundWords, stepIndex, stepProgress } from './round-words.ts';

/** Key and figures, as they would be put into words. */
const t = ((key: string, values?: object) =>
  values ? `${key} ${JSON.stringify(values)}` : key) as unknown as TFunction;

const base = {
  roundId: 'r1',
  taskId: 'spam',
  taskName: 'Spam filter',
  isSecure: true,
  participants: 3,
  since: 0,
  deadline: 60_000,
};
const training = (more: object): TrainingState => ({
  ...base,
  state: 'training',
  epoch: 2,
  epochs: 5,
  progress: 0.468,
  loss: 0.3,
  examplesPerSecond: 1840.4,
  isPaused: false,
  ...more,
});

test('each step of a round has its place on the line; off and failed have none', () => {
  expect(roundSteps.map((state) => stepIndex({ state } as TrainingState))).toEqual([0, 1, 2, 3, 4, 5]);
  expect(stepIndex({ state: 'off' })).toBeNull();
  const error = { code: 'training/left', message: 'You left the round.' } as const;
  expect(stepIndex({ state: 'failed', roundId: 'r1', error, until: 0 })).toBeNull();
});

test('progress is told where it is known and not made up elsewhere', () => {
  expect(stepProgress(training({}))).toBe(0.468);
  expect(stepProgress({ ...base, state: 'selected' })).toBeNull();
  expect(stepProgress({ ...base, state: 'uploading', step: 'waiting', retryAt: null })).toBeNull();
});

test('training tells the epoch, whole percents that are done, and the speed once it is measured', () => {
  const words = (state: TrainingState) => roundWords({ state, tasks: [] }, t).why;
  expect(words(training({}))).toBe(
    'training.why.epoch {"epoch":2,"epochs":5,"percent":46} · training.why.speed {"speed":"1,840"}',
  );
  expect(words(training({ examplesPerSecond: null }))).not.toContain('speed');
});

test('a paused round and a failed try to upload are warned of, not shown as running', () => {
  expect(roundWords({ state: training({ isPaused: true }), tasks: [] }, t)).toMatchObject({
    word: 'training.states.paused',
    color: 'warn',
  });
  const waits: TrainingState = { ...base, state: 'uploading', step: 'sending', retryAt: 5_000 };
  expect(roundWords({ state: waits, tasks: [] }, t).color).toBe('warn');
});

test('a waiting node names its tasks, and says when there is none it could wait for', () => {
  const state = (waitingFor: string[]): TrainingState => ({ state: 'idle', waitingFor });
  expect(roundWords({ state: state(['digits', 'gone']), tasks: [] }, t).why).toContain('digits, gone');
  expect(roundWords({ state: state([]), tasks: [] }, t).why).toBe('training.why.noTask');
});

test('a round can be left until its update has gone', () => {
  expect(canLeave({ ...base, state: 'selected' })).toBe(true);
  expect(canLeave(training({}))).toBe(true);
  expect(canLeave({ ...base, state: 'rewarded' })).toBe(false);
  expect(canLeave({ state: 'idle', waitingFor: [] })).toBe(false);
});
