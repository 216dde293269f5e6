import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError, type ErrorCode } from '#contract/errors.ts';
import { remedyFor, retryPauseMs } from './retry.ts';

const chance = fc.double({ min: 0, max: 1, noNaN: true });
const state = { attempt: 0, nowMs: 1_000_000, deadlineMs: 9_000_000, random: 0.5 };
const remedy = (code: ErrorCode, change: Partial<typeof state> = {}) =>
  remedyFor(new AppError(code, 'It went wrong.'), { ...state, ...change });

test('a pause is from half to the whole of 2^min(9, n) seconds', () => {
  fc.assert(
    fc.property(fc.nat(1000), chance, (attempt, random) => {
      const wholeMs = 1000 * 2 ** Math.min(9, attempt);
      const pauseMs = retryPauseMs(attempt, random);
      expect(pauseMs).toBeGreaterThanOrEqual(wholeMs / 2);
      expect(pauseMs).toBeLessThanOrEqual(wholeMs);
    }),
  );
  expect([0, 1, 2, 8, 9, 10, 99].map((attempt) => retryPauseMs(attempt, 1))).toEqual([
    1000, 2000, 4000, 256_000, 512_000, 512_000, 512_000,
  ]);
});

test('no pause passes the deadline, and none is given up that would not', () => {
  fc.assert(
    fc.property(fc.nat(20), chance, fc.nat(600_000), (attempt, random, leftMs) => {
      const { nowMs } = state;
      const deadlineMs = nowMs + leftMs;
      const given = remedy('link/unreachable', { attempt, random, deadlineMs });
      const pauseMs = retryPauseMs(attempt, random);
      if (given.kind === 'again') expect(nowMs + given.pauseMs).toBeLessThan(deadlineMs);
      else expect(nowMs + pauseMs).toBeGreaterThanOrEqual(deadlineMs);
    }),
  );
});

test.each<[ErrorCode, ReturnType<typeof remedyFor>['kind']]>([
  ['link/unreachable', 'again'],
  ['link/bad-answer', 'again'],
  ['training/worker-crashed', 'resume'],
  ['link/rejected', 'give-up'],
  ['gateway/not-registered', 'give-up'],
  ['training/bad-weights', 'give-up'],
  ['training/diverged', 'give-up'],
  ['training/no-data', 'give-up'],
  ['training/out-of-memory', 'give-up'],
  ['training/privacy-budget', 'give-up'],
  ['training/round-untrusted', 'give-up'],
  ['disk/full', 'give-up'],
  ['host/internal', 'give-up'],
])('after %s: %s', (code, kind) => {
  expect(remedy(code).kind).toBe(kind);
});

test('a worker that crashes a fourth time is given up', () => {
  const kinds = [0, 1, 2, 3, 4].map((attempt) => remedy('training/worker-crashed', { attempt }).kind);
  expect(kinds).toEqual(['resume', 'resume', 'resume', 'give-up', 'give-up']);
});
