import { expect, test } from 'vitest';
import { createRecentCount } from './recent-count.ts';
import { createWorkLog } from './work-log.ts';

test('working time is counted by kind; side by side each has its threads’ part of it', () => {
  const log = createWorkLog(1000);
  log.note('inference', 0, 0);
  log.note('both', 0.25, 100);
  log.note('none', 0, 300);
  log.note('training', 0, 400);
  expect(log.since(0, 500)).toEqual({
    inferenceMs: 100 + 150,
    trainingMs: 50 + 100,
    presentMs: { inference: 300, training: 300 },
  });
  expect(log.since(250, 450)).toEqual({
    inferenceMs: 37.5,
    trainingMs: 12.5 + 50,
    presentMs: { inference: 50, training: 100 },
  });
});

test('what is older than it keeps is forgotten, what reaches into that time is not', () => {
  const log = createWorkLog(1000);
  log.note('inference', 0, 0);
  log.note('training', 0, 500);
  log.note('inference', 0, 5000);
  expect(log.since(4000, 6000)).toMatchObject({ inferenceMs: 1000, trainingMs: 1000 });
});

test('requests a minute are those of the window, or of as long as it is counted', () => {
  const count = createRecentCount(600_000, 0);
  for (let at = 0; at < 120_000; at += 1000) count.add(at);
  expect(count.perMinute(120_000)).toBe(60);
  expect(count.perMinute(600_000)).toBeGreaterThan(10);
  expect(count.perMinute(2_000_000)).toBe(0);
});
