import { beforeEach, expect, test } from 'vitest';
import { defaultSettings, type Settings } from '#contract/settings.ts';
import { systemClock } from '../clock.ts';
import { createSignal } from '../signal.ts';
import { type CacheRoom, createCacheRoom } from './cache-room.ts';
import { createMemoryLedger, type MemoryLedger } from './memory-ledger.ts';

const mb = 1e6;
let memory: MemoryLedger;
let cache: { sizeBytes: number; shrinkTo(bytes: number): void };
let room: CacheRoom;
const settings = createSignal<Settings>(defaultSettings);
const ram = (megabytes: number) => ({ ramBytes: megabytes * mb, gpuBytes: 0 });
beforeEach(() => {
  memory = createMemoryLedger({ ceiling: ram(100), clock: systemClock });
  cache = {
    sizeBytes: 30 * mb,
    shrinkTo(bytes) {
      cache.sizeBytes = Math.min(cache.sizeBytes, bytes);
    },
  };
  settings.set({ ...defaultSettings, responseCacheMegabytes: 40 });
  room = createCacheRoom({ settings, memory, cache: () => cache });
});

test('answers get the memory that the operator wants for them, as far as there is some', () => {
  room.refresh();
  expect(room.bytes()).toBe(40 * mb);
  expect(memory.reservations.get()).toMatchObject([
    { owner: 'cache', ramBytes: 40 * mb, usedRamBytes: 30 * mb },
  ]);
  settings.set({ ...defaultSettings, responseCacheMegabytes: 400 });
  room.refresh();
  expect(room.bytes()).toBe(100 * mb);
});

test('what they have is given back at once, and taken again when there is room', () => {
  room.refresh();
  expect([room.giveBack(), room.giveBack()]).toEqual([true, false]);
  expect([room.bytes(), cache.sizeBytes, memory.reservations.get()]).toEqual([0, 0, []]);
  const model = memory.reserve({ owner: 'model', name: 'Llama', ...ram(90) });
  room.refresh();
  expect(room.bytes()).toBe(10 * mb);
  model.release();
  room.refresh();
  expect(room.bytes()).toBe(40 * mb);
});
