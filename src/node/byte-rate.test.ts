import { expect, test } from 'vitest';
import { defaultManners } from '#contract/manners.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createByteRate, networkRate, paced } from './byte-rate.ts';

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

test('what is loaded down and what is sent of a round keep to one limit together, and both get on', async () => {
  const time = createFakeClock();
  const rate = networkRate(() => ({ ...defaultManners.limitsIdle, networkMbps: 8 }), time.clock);
  const came = { download: 0, update: 0 };
  const download = async () => {
    for (;;) {
      await rate.take(16_384, never);
      came.download += 16_384;
    }
  };
  const update = async () => {
    for await (const piece of paced(new Uint8Array(100_000_000), rate, never)) came.update += piece.length;
  };
  void download();
  void update();
  const seconds = 20;
  for (let tick = 0; tick < seconds * 20; tick += 1) {
    time.advance(50);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
  const bytesPerSecond = 1_000_000;
  const sum = came.download + came.update;
  expect(sum).toBeGreaterThan(seconds * bytesPerSecond * 0.95);
  expect(sum).toBeLessThanOrEqual((seconds + 0.5) * bytesPerSecond);
  expect(Math.min(came.download, came.update)).toBeGreaterThan(sum / 10);
});

test('what is sent in pieces is what was given, byte for byte', async () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
  const pieces: Uint8Array[] = [];
  const rate = createByteRate(() => null, createFakeClock().clock);
  for await (const piece of paced(bytes, rate, never)) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(2);
  expect(Buffer.concat(pieces).equals(Buffer.from(bytes))).toBe(true);
});
