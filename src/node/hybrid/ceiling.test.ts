import { expect, test } from 'vitest';
import { ceilingOf } from './ceiling.ts';

const step = 32 * 1024 * 1024;
const limits = { ramPercent: 50, gpuMemoryPercent: 80 };
const none = { ramBytes: 0, gpuBytes: 0 };
const idle = { limits, ram: { totalBytes: 1000 * step, usedBytes: 100 * step }, gpus: [], work: none };

test('with memory to spare the limit holds', () => {
  expect(ceilingOf(idle)).toEqual({ ramBytes: 500 * step, gpuBytes: 0 });
});

test('what other programs take is left to them, and a little more', () => {
  const ram = { totalBytes: 1000 * step, usedBytes: 900 * step };
  expect(ceilingOf({ ...idle, ram }).ramBytes).toBe(50 * step);
  // Of this the node's own work has 300 steps already.
  const work = { ramBytes: 300 * step, gpuBytes: 0 };
  expect(ceilingOf({ ...idle, ram, work }).ramBytes).toBe(350 * step);
  expect(ceilingOf({ ...idle, ram: { ...ram, usedBytes: 1000 * step } }).ramBytes).toBe(0);
});

test('of a GPU it is what others leave below the limit', () => {
  const gpus = [{ totalBytes: 100 * step, usedBytes: 40 * step }];
  expect(ceilingOf({ ...idle, gpus }).gpuBytes).toBe(40 * step);
  expect(ceilingOf({ ...idle, gpus, work: { ramBytes: 0, gpuBytes: 30 * step } }).gpuBytes).toBe(70 * step);
  expect(ceilingOf({ ...idle, gpus: [{ totalBytes: 100 * step, usedBytes: null }] }).gpuBytes).toBe(
    80 * step,
  );
});

test('it does not follow each small move', () => {
  const used = (usedBytes: number) =>
    ceilingOf({ ...idle, ram: { totalBytes: 1000 * step, usedBytes } }).ramBytes;
  expect(used(800.2 * step)).toBe(used(800.6 * step));
});
