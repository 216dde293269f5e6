import { expect, test } from 'vitest';
import { Health } from './health.ts';

test('three failures within a minute rest a provider for 30 seconds; then one request tries it', () => {
  const health = new Health();
  const fail = (at: number) => {
    health.started();
    health.failed(at, null);
  };
  fail(0);
  fail(59_000);
  fail(61_000);
  expect(health.mayTry(61_000)).toBe(true);
  fail(62_000);
  expect(health.mayTry(91_999)).toBe(false);
  expect(health.coolingUntil(62_000)).toBe(92_000);
  expect(health.mayTry(92_000)).toBe(true);
  health.started();
  expect(health.mayTry(92_001)).toBe(false);
  health.failed(93_000, null);
  expect(health.mayTry(94_000)).toBe(false);
  expect(health.mayTry(123_000)).toBe(true);
  health.started();
  health.succeeded(100);
  expect(health.mayTry(123_001)).toBe(true);
  fail(123_002);
  expect(health.mayTry(123_003)).toBe(true);
  health.started();
  health.failed(124_000, 300_000);
  expect(health.mayTry(423_999)).toBe(false);
  expect(health.running).toBe(0);
});
