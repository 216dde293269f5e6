import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idleModels, type LoadedModelState, makeRoom, pressureOf } from './pool-policy.ts';

const gb = 1e9;
const model = (id: string, change: Partial<LoadedModelState> = {}): LoadedModelState => ({
  id,
  leases: 0,
  lastUsedAt: 0,
  pinned: false,
  ramBytes: gb,
  gpuBytes: 4 * gb,
  ...change,
});
const plenty = { ramBytes: 100 * gb, gpuBytes: 100 * gb };
const needs = { ramBytes: gb, gpuBytes: 8 * gb };

test('the idle model that was used least recently makes room', () => {
  const loaded = [
    model('new', { lastUsedAt: 9 }),
    model('old', { lastUsedAt: 1 }),
    model('busy', { leases: 1 }),
  ];
  expect(makeRoom({ loaded, needs, free: plenty, mostLoaded: 3 })).toEqual({ kind: 'unload', id: 'old' });
});

test('with room nothing is unloaded', () => {
  expect(makeRoom({ loaded: [model('a')], needs, free: plenty, mostLoaded: 2 })).toEqual({ kind: 'load' });
});

test('models at work are waited for, not thrown out', () => {
  const loaded = [model('busy', { leases: 2 })];
  expect(makeRoom({ loaded, needs, free: plenty, mostLoaded: 1 })).toEqual({ kind: 'wait', ids: ['busy'] });
});

test('pinned models stay: what does not fit beside them is refused with the figures', () => {
  const loaded = [model('pinned', { pinned: true })];
  const free = { ramBytes: 100 * gb, gpuBytes: 2 * gb };
  expect(makeRoom({ loaded, needs, free, mostLoaded: 4 })).toEqual({
    kind: 'refuse',
    missing: 'gpu',
    needsBytes: 8 * gb,
    freeBytes: 2 * gb,
  });
});

test('room is made step by step until the model is loaded or it is clear that it never fits', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ leases: fc.nat(2), pinned: fc.boolean(), lastUsedAt: fc.nat(100), gpuBytes: fc.nat(20) }),
        { maxLength: 8 },
      ),
      fc.nat(40),
      fc.nat(40),
      fc.integer({ min: 1, max: 6 }),
      (models, needed, ceiling, mostLoaded) => {
        let loaded = models.map((change, index) => model(`${index}`, { ...change, ramBytes: 0 }));
        const pinned = loaded.filter((one) => one.pinned).map(({ id }) => id);
        for (let step = 0; step <= models.length; step += 1) {
          const used = loaded.reduce((sum, { gpuBytes }) => sum + gpuBytes, 0);
          const free = { ramBytes: 1, gpuBytes: Math.max(0, ceiling - used) };
          const decision = makeRoom({ loaded, needs: { ramBytes: 0, gpuBytes: needed }, free, mostLoaded });
          expect(loaded.filter((one) => one.pinned).map(({ id }) => id)).toEqual(pinned);
          if (decision.kind === 'unload') {
            expect(loaded.find(({ id }) => id === decision.id)?.leases).toBe(0);
            loaded = loaded.filter(({ id }) => id !== decision.id);
            continue;
          }
          if (decision.kind === 'load') expect(needed).toBeLessThanOrEqual(free.gpuBytes);
          if (decision.kind === 'wait') expect(decision.ids.length).toBeGreaterThan(0);
          return;
        }
        throw new Error('it never decided');
      },
    ),
  );
});

test('idle models go after their time, pinned ones never', () => {
  const loaded = [
    model('idle', { lastUsedAt: 0 }),
    model('recent', { lastUsedAt: 900 }),
    model('busy', { leases: 1 }),
    model('pinned', { pinned: true }),
  ];
  expect(idleModels(loaded, 1000, 500)).toEqual(['idle']);
});

test('memory pressure: caches first, then idle models, then no new work', () => {
  const at = (usedBytes: number, cacheBytes: number, idle: number) =>
    pressureOf({ usedBytes, ceilingBytes: 100, cacheBytes, idleModels: idle });
  expect(at(90, 5, 1)).toBe('none');
  expect(at(91, 5, 1)).toBe('shrink-caches');
  expect(at(91, 0, 1)).toBe('unload-idle');
  expect(at(91, 0, 0)).toBe('refuse-work');
  expect([at(101, 5, 1), at(101, 0, 1), at(101, 5, 0), at(101, 0, 0)]).toEqual([
    'make-room',
    'make-room',
    'make-room',
    'refuse-work',
  ]);
  expect(pressureOf({ usedBytes: 5, ceilingBytes: 0, cacheBytes: 1, idleModels: 1 })).toBe('none');
});
