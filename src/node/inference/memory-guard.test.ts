import { expect, test } from 'vitest';
import { defaultManners } from '#contract/manners.ts';
import type { Resources } from '#contract/resources.ts';
import { sampleGpu, sampleReading } from '#testing/sample-machine.ts';
import { createSignal } from '../signal.ts';
import { createMemoryGuard } from './memory-guard.ts';

const reading = (gpuUsed: number, ramUsed = 10): Resources =>
  sampleReading({
    ram: { totalBytes: 100, usedBytes: ramUsed },
    own: { hostBytes: 1, engineBytes: 1, engineGpuBytes: 1, trainingBytes: 0, trainingGpuBytes: 0 },
    gpus: [sampleGpu({ totalBytes: 100, usedBytes: gpuUsed })],
  });

test('caches shrink, then idle models go, then new work is refused, until another program gives memory back', () => {
  const resources = createSignal(reading(10));
  let cacheBytes = 4e6;
  let idle = 1;
  const guard = createMemoryGuard({
    resources,
    cache: {
      get sizeBytes() {
        return cacheBytes;
      },
      shrinkTo(bytes) {
        cacheBytes = bytes;
      },
    },
    pool: {
      idleCount: () => idle,
      unloadIdle: async () => {
        idle = 0;
        return ['a'];
      },
      missing: () => null,
      load: async () => {},
    },
    limits: () => defaultManners.limitsInUse,
    leavesMemory: () => false,
    serves: () => true,
  });
  const seen: unknown[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    resources.set(reading(73));
    seen.push([cacheBytes, idle, guard.refusal.get()?.code ?? null]);
  }
  expect(seen).toEqual([
    [2e6, 1, null],
    [1e6, 1, null],
    [0, 1, null],
    [0, 0, null],
    [0, 0, 'inference/memory-pressure'],
    [0, 0, 'inference/memory-pressure'],
  ]);
  resources.set(reading(10, 91));
  expect(guard.refusal.get()?.message).toBe('This computer’s memory is nearly full.');
  resources.set(reading(10));
  expect(guard.refusal.get()).toBeNull();
  guard.dispose();
});
