import { expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createByteRate } from './byte-rate.ts';

const never = new AbortController().signal;

test('bytes come no faster than the limit, two takers together', async () => {
  const time = createFakeClock();
  const rate = createByteRate(() => 1000, time.clock);
  let taken = 0;
  const taker = async () => {
    for (;;) {
      await rate.take(100, never);
      taken += 100;
    }
  };
  void taker();
  void taker();
  const seconds = 60;
  for (let tick = 0; tick < seconds * 20; tick += 1) {
    time.advance(50);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
  expect(taken).toBeGreaterThan(seconds * 1000 * 0.95);
  // What may come at once after a quiet time is half a second's worth.
  expect(taken).toBeLessThanOrEqual(seconds * 1000 + 500);
});

test('a limit that is taken away lets the next bytes through within a second; an abort ends the wait', async () => {
  const time = createFakeClock();
  let limit: number | null = 10;
  const rate = createByteRate(() => limit, time.clock);
  let isThrough = false;
  const waiting = rate.take(1_000_000, never).then(() => {
    isThrough = true;
  });
  time.advance(1000);
  await Promise.resolve();
  expect(isThrough).toBe(false);
  limit = null;
  while (!isThrough && time.nextMs() !== null) {
    time.advance(time.nextMs() ?? 0);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }
  await waiting;
  limit = 10;
  const abort = new AbortController();
  const left = rate.take(1_000_000, abort.signal);
  abort.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
});
