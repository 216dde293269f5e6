import { expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createByteRate, networkRates, paced } from './byte-rate.ts';

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

/** What a download and an update bring in so many seconds below 8 Mbit/s, in bytes; `parts` are Mbit/s of each kind, or absent. */
async function transferred(seconds: number, parts: () => { inference?: number; training?: number }) {
  const time = createFakeClock();
  const allowed = (networkMbps: number | undefined) => ({
    ...{ ramBytes: 0, gpuBytes: 0, threads: 0 },
    ...(networkMbps === undefined ? {} : { networkMbps }),
  });
  const rates = networkRates({
    limits: () => ({ networkMbps: 8 }),
    allowance: () => ({ inference: allowed(parts().inference), training: allowed(parts().training) }),
    clock: time.clock,
  });
  const came = { download: 0, update: 0 };
  const download = async () => {
    for (;;) {
      await rates.inference.take(16_384, never);
      came.download += 16_384;
    }
  };
  const update = async () => {
    for await (const piece of paced(new Uint8Array(100_000_000), rates.training, never))
      came.update += piece.length;
  };
  void download();
  void update();
  for (let tick = 0; tick < seconds * 20; tick += 1) {
    time.advance(50);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
  return came;
}
const bytesPerSecond = 1_000_000;

test('undivided, what is loaded down and what is sent of a round keep to one limit together, and both get on', async () => {
  const { download, update } = await transferred(20, () => ({}));
  expect(download + update).toBeGreaterThan(20 * bytesPerSecond * 0.95);
  expect(download + update).toBeLessThanOrEqual(20.5 * bytesPerSecond);
  expect(Math.min(download, update)).toBeGreaterThan((download + update) / 10);
});

test('while both have a part of the network, a download keeps to serving’s and an update to training’s', async () => {
  const { download, update } = await transferred(20, () => ({ inference: 6, training: 2 }));
  expect(download / (20 * bytesPerSecond)).toBeGreaterThan(0.7);
  expect(download).toBeLessThanOrEqual(20.5 * bytesPerSecond * 0.75 + 16_384);
  expect(update / (20 * bytesPerSecond)).toBeGreaterThan(0.22);
  expect(update).toBeLessThanOrEqual(20.5 * bytesPerSecond * 0.25 + 65_536);
});

test('a round’s update still leaves, and a download goes on, while the machine is the other’s or nobody’s', async () => {
  for (const parts of [
    { inference: 8, training: 0 },
    { inference: 0, training: 8 },
    { inference: 0, training: 0 },
  ]) {
    const { download, update } = await transferred(10, () => parts);
    expect(Math.min(download, update)).toBeGreaterThan(bytesPerSecond);
    expect(download + update).toBeLessThanOrEqual(10.5 * bytesPerSecond);
  }
});

test('what is sent in pieces is what was given, byte for byte', async () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
  const pieces: Uint8Array[] = [];
  const rate = createByteRate(() => null, createFakeClock().clock);
  for await (const piece of paced(bytes, rate, never)) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(2);
  expect(Buffer.concat(pieces).equals(Buffer.from(bytes))).toBe(true);
});
