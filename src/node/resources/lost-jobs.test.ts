import { expect, test } from 'vitest';
import type { ErrorCode } from '#contract/errors.ts';
import { jobDone, jobLost, type LostJobs, noLostJobs } from './lost-jobs.ts';

const minute = 60_000;
const lose = (before: LostJobs, times: number, from: number, code: ErrorCode = 'inference/crashed') =>
  Array.from({ length: times }).reduce<LostJobs>(
    (state, _, index) => jobLost(state, { code, startedAt: from + index * 10, now: from + index * 10 + 5 }),
    before,
  );

test('five jobs lost in a row are a rest of 10 minutes, then twice as long each time, two hours at most', () => {
  let state = lose(noLostJobs, 4, 0);
  expect(state.rest).toBeNull();
  state = lose(state, 1, 1000, 'inference/out-of-memory');
  expect(state.rest).toEqual({
    since: 1005,
    until: 1005 + 10 * minute,
    count: 5,
    error: 'inference/out-of-memory',
  });
  const rests = [20, 40, 80, 120, 120].map((minutes, index) => {
    state = lose(state, 5, (index + 1) * 1e6);
    return (state.rest?.until ?? 0) - (state.rest?.since ?? 0) === minutes * minute;
  });
  expect(rests).toEqual([true, true, true, true, true]);
});

test('a job that is done begins it anew', () => {
  const lost = lose(jobDone(lose(noLostJobs, 4, 0)), 4, 1000);
  expect(lost.rest).toBeNull();
  const rested = lose(jobDone(lose(noLostJobs, 5, 0)), 5, 1e6);
  expect((rested.rest?.until ?? 0) - (rested.rest?.since ?? 0)).toBe(10 * minute);
});

test('faults of others, cancels and bad requests are no losses', () => {
  for (const code of [
    'request/invalid',
    'queue/cancelled',
    'queue/client-left',
    'provider/failed',
    'node/paused',
  ] as const)
    expect(lose(noLostJobs, 9, 0, code)).toBe(noLostJobs);
});

test('eight jobs that one crash ends are one loss', () => {
  let state = noLostJobs;
  for (let job = 0; job < 8; job += 1)
    state = jobLost(state, { code: 'inference/crashed', startedAt: job, now: 100 });
  expect(state).toMatchObject({ inARow: 1, rest: null });
});

test('after a clock was set back losses still count', () => {
  const later = lose(noLostJobs, 1, 1e9);
  expect(lose(later, 4, 1000).rest).not.toBeNull();
});
