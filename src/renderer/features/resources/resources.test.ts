import { expect, test } from 'vitest';
import type { Resources } from '#contract/resources.ts';
import { sampleGpu, sampleReading } from '#testing/sample-machine.ts';
import { gpuParts, ramParts } from './memory-parts.ts';
import { withReadings } from './reading-list.ts';

const reading = (at: number, more: Partial<Resources> = {}): Resources => sampleReading({ at, ...more });

test('history and live readings join by time, each once, and ten minutes are kept', () => {
  const list = withReadings([reading(1000), reading(3000)], [reading(3000), reading(2000)]);
  expect(list.map((one) => one.at)).toEqual([1000, 2000, 3000]);
  expect(withReadings(list, [reading(602_000)]).map((one) => one.at)).toEqual([3000, 602_000]);
});

test('memory is told by owner and always adds up to the total', () => {
  expect(ramParts(reading(1))).toEqual({
    engineBytes: 200,
    hostBytes: 100,
    othersBytes: 300,
    freeBytes: 400,
  });
  const shared = ramParts(reading(1, { ram: { totalBytes: 1000, usedBytes: 250 } }));
  expect(shared.othersBytes).toBe(0);
  expect(shared.freeBytes).toBe(700);
});

test('GPU memory names the engine only where there is one GPU, and nothing where its use is not known', () => {
  const gpu = sampleGpu({ totalBytes: 500, usedBytes: 120 });
  expect(gpuParts(reading(1, { gpus: [gpu] }), 0)).toMatchObject({
    engineBytes: 50,
    othersBytes: 70,
    freeBytes: 380,
  });
  expect(gpuParts(reading(1, { gpus: [gpu, gpu] }), 1)).toMatchObject({ engineBytes: 0, othersBytes: 120 });
  expect(gpuParts(reading(1, { gpus: [{ ...gpu, usedBytes: null }] }), 0)).toBeNull();
});
