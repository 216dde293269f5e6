import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Reservation } from '#contract/hybrid.ts';
import { sampleGpu, sampleReading } from '#testing/sample-machine.ts';
import { gpuOwners, type MemoryPart, ramOwners } from './memory-owners.ts';

const reservation = (more: Partial<Reservation> & Pick<Reservation, 'owner'>): Reservation => ({
  id: more.owner,
  name: more.owner,
  ramBytes: 0,
  gpuBytes: 0,
  usedRamBytes: null,
  usedGpuBytes: null,
  since: 0,
  ...more,
});
const model = reservation({
  owner: 'model',
  gpuBytes: 120,
  usedGpuBytes: 100,
  ramBytes: 60,
  usedRamBytes: 50,
});
const cache = reservation({ owner: 'kv-cache', gpuBytes: 60, usedGpuBytes: 55 });
const training = reservation({ owner: 'training', gpuBytes: 80, ramBytes: 100 });
const asObject = (parts: MemoryPart[] | null) =>
  parts && Object.fromEntries(parts.map(({ owner, sizeBytes }) => [owner, sizeBytes]));
const total = (parts: MemoryPart[] | null) => parts?.reduce((all, { sizeBytes }) => all + sizeBytes, 0);

test('a GPU is told by owner: what is measured, then what is reserved, others, free', () => {
  const gpu = sampleGpu({
    totalBytes: 1000,
    usedBytes: 400,
    processes: [
      { pid: 1, name: 'node', usedBytes: 300, isOurs: true },
      { pid: 2, name: 'Xorg', usedBytes: 70, isOurs: false },
    ],
  });
  const reading = sampleReading({ gpus: [gpu] });
  expect(asObject(gpuOwners(gpu, reading, [model, cache, training]))).toEqual({
    model: 100,
    'kv-cache': 55,
    training: 80,
    node: 65,
    others: 100,
    free: 600,
  });
});

test('where the driver names no programs, the node’s own figure counts; with several GPUs nobody can tell', () => {
  const gpu = sampleGpu({ totalBytes: 1000, usedBytes: 400 });
  expect(asObject(gpuOwners(gpu, sampleReading({ gpus: [gpu] }), []))).toEqual({
    node: 50,
    others: 350,
    free: 600,
  });
  expect(asObject(gpuOwners(gpu, sampleReading({ gpus: [gpu, gpu] }), [model]))).toEqual({
    used: 400,
    free: 600,
  });
});

test('a GPU whose use is not told has no parts, rather than empty ones', () => {
  const gpu = sampleGpu({ totalBytes: 1000 });
  expect(gpuOwners(gpu, sampleReading({ gpus: [gpu] }), [model])).toBeNull();
});

test('main memory: the engine is the model’s, and what processes share does not make free memory negative', () => {
  expect(asObject(ramOwners(sampleReading(), [model, training]))).toEqual({
    model: 200,
    node: 100,
    others: 300,
    free: 400,
  });
  const shared = sampleReading({ ram: { totalBytes: 1000, usedBytes: 250 } });
  expect(asObject(ramOwners(shared, []))).toEqual({ model: 200, node: 100, free: 700 });
});

test('the parts add up to the total, whatever is measured and reserved', () => {
  const bytes = fc.integer({ min: 0, max: 2000 });
  const anyReservation = fc.record({
    owner: fc.constantFrom<Reservation['owner']>('model', 'kv-cache', 'training', 'cache'),
    gpuBytes: bytes,
    usedGpuBytes: fc.option(bytes),
    ramBytes: bytes,
    usedRamBytes: fc.option(bytes),
  });
  fc.assert(
    fc.property(fc.array(anyReservation), bytes, bytes, fc.option(bytes), (list, used, ours, other) => {
      const reservations = list.map(reservation);
      const gpu = sampleGpu({
        totalBytes: 2000,
        usedBytes: used,
        processes:
          other === null
            ? null
            : [
                { pid: 1, name: 'a', usedBytes: ours, isOurs: true },
                { pid: 2, name: 'b', usedBytes: other, isOurs: false },
              ],
      });
      const reading = sampleReading({ gpus: [gpu], ram: { totalBytes: 1000, usedBytes: used / 2 } });
      const parts = gpuOwners(gpu, reading, reservations) ?? [];
      expect(total(parts)).toBe(2000);
      expect(parts.every(({ sizeBytes }) => sizeBytes > 0)).toBe(true);
      expect(total(ramOwners(reading, reservations))).toBe(1000);
    }),
  );
});
