import { expect, test } from 'vitest';
import { sampleGpu, sampleReading } from '#testing/sample-machine.ts';
import { isGpuMain, workRamBytes } from './own-memory.ts';

const own = { hostBytes: 9, engineBytes: 30, engineGpuBytes: 500, trainingBytes: 7, trainingGpuBytes: 0 };
const card = (totalBytes: number, isUnified: boolean) => sampleGpu({ totalBytes, isUnified });

test('memory of a GPU that shares main memory is counted once, whether or not the process’s own figure holds it', () => {
  const gpus = [card(1000, true)];
  expect(workRamBytes(sampleReading({ own, gpus }))).toBe(507);
  expect(workRamBytes(sampleReading({ own: { ...own, engineBytes: 520 }, gpus }))).toBe(527);
});

test('a card of its own memory takes no main memory, also beside a processor’s graphics', () => {
  for (const gpus of [[], [card(1000, false)], [card(1000, false), card(800, true)], [card(0, true)]])
    expect(workRamBytes(sampleReading({ own, gpus }))).toBe(37);
  expect(isGpuMain([card(0, false), card(800, true)])).toBe(true);
});
