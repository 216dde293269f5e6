import { expect, test } from 'vitest';
import { defaultManners, type LimitSet } from '#contract/manners.ts';
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

/** A guard over a machine of 100 bytes of each memory, with one model that it may unload. */
function guarded(limits: Partial<LimitSet> = {}) {
  const resources = createSignal(reading(10));
  let cacheBytes = 4e6;
  const log: string[] = [];
  let isLoaded = true;
  const state = { leavesMemory: false, serves: true };
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
      idleCount: () => (isLoaded ? 1 : 0),
      async unloadIdle() {
        isLoaded = false;
        log.push('unload');
        return ['a'];
      },
      missing: () => (isLoaded ? null : { ramBytes: 5, gpuBytes: 20 }),
      async load(id) {
        isLoaded = true;
        log.push(`load ${id}`);
      },
    },
    limits: () => ({ ...defaultManners.limitsIdle, ...limits }),
    leavesMemory: () => state.leavesMemory,
    serves: () => state.serves,
  });
  let at = 0;
  return {
    log,
    state,
    guard,
    cacheBytes: () => cacheBytes,
    async read(next: Resources) {
      at += 2000;
      resources.set({ ...next, at });
      await Promise.resolve();
    },
  };
}

test('a program that grabs the GPU’s memory gets caches and idle models within one reading', async () => {
  const { read, log, cacheBytes, guard } = guarded();
  await read(reading(95));
  expect([log, cacheBytes()]).toEqual([['unload'], 0]);
  expect(guard.refusal.get()).toBeNull();
  const ram = guarded();
  await ram.read(reading(10, 96));
  expect([ram.log, ram.cacheBytes()]).toEqual([['unload'], 0]);
});

test('a program that grabs main memory is given way to, however full the GPU is', async () => {
  const { read, log, cacheBytes } = guarded();
  await read(reading(84, 96));
  expect([log, cacheBytes()]).toEqual([['unload'], 0]);
});

test('what had to go comes back when there has been room for 30 s, not before and not for a moment', async () => {
  const { read, log, state } = guarded();
  await read(reading(95));
  for (let turn = 0; turn < 14; turn += 1) await read(reading(40));
  // With the model it would be above nine tenths of the ceiling: it would have to go again.
  await read(reading(65));
  for (let turn = 0; turn < 15; turn += 1) await read(reading(40));
  expect(log).toEqual(['unload']);
  state.serves = false;
  for (let turn = 0; turn < 20; turn += 1) await read(reading(40));
  expect(log).toEqual(['unload']);
  state.serves = true;
  for (let turn = 0; turn < 16; turn += 1) await read(reading(40));
  expect(log).toEqual(['unload', 'load a']);
  for (let turn = 0; turn < 40; turn += 1) await read(reading(60));
  expect(log).toEqual(['unload', 'load a']);
});

test('while a game runs the memory is its own, whether it runs short or not', async () => {
  const { read, log, state, cacheBytes } = guarded();
  state.leavesMemory = true;
  for (let turn = 0; turn < 30; turn += 1) await read(reading(20));
  expect([log, cacheBytes()]).toEqual([['unload'], 0]);
  state.leavesMemory = false;
  for (let turn = 0; turn < 16; turn += 1) await read(reading(20));
  expect(log).toEqual(['unload', 'load a']);
});

test('idle models go when somebody sits down and the node’s own share of memory is smaller', async () => {
  const { read, log, guard } = guarded({ ramPercent: 30 });
  await read({ ...reading(10, 50), own: { ...reading(10).own, engineBytes: 31 } });
  expect(log).toEqual(['unload']);
  expect(guard.refusal.get()).toBeNull();
});
