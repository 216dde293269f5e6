import { expect, test } from 'vitest';
import type { PastRound } from '#contract/training.ts';
import { modelPoints, tasksWithPoints } from './model-points.ts';

const round = (taskId: string, modelVersion: number | null, globalAccuracy: number | null): PastRound => ({
  roundId: `${taskId}-${modelVersion}`,
  taskId,
  taskName: taskId.toUpperCase(),
  startedAt: 0,
  endedAt: 1,
  isSecure: false,
  participants: 2,
  result: modelVersion === null ? 'failed' : 'rewarded',
  error: null,
  examples: 10,
  localLoss: null,
  localAccuracy: null,
  modelVersion,
  globalLoss: null,
  globalAccuracy,
  epsilon: null,
  priceLamports: '0',
  feeLamports: '0',
  parts: [],
  leftOut: [],
});

const newestFirst = [
  round('spam', 4, 0.9),
  round('digits', 2, 0.7),
  round('spam', null, null),
  round('spam', 3, 0.8),
  round('spam', 3, 0.1),
];

test('the curve has one task’s versions in order, each once as it was told last, and no failed rounds', () => {
  const points = modelPoints(newestFirst, 'spam');
  expect(points.map(({ version, globalAccuracy }) => [version, globalAccuracy])).toEqual([
    [3, 0.8],
    [4, 0.9],
  ]);
});

test('only tasks with a curve are offered, the newest first', () => {
  expect(tasksWithPoints(newestFirst)).toEqual([
    { taskId: 'spam', name: 'SPAM' },
    { taskId: 'digits', name: 'DIGITS' },
  ]);
  expect(tasksWithPoints([round('spam', null, null)])).toEqual([]);
});
