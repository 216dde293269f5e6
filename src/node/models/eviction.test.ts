import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evictionPlan } from './eviction.ts';

test('deletes the least recently served, no more than it takes, and never what is kept', () => {
  const model = fc.record({
    sizeBytes: fc.integer({ min: 1, max: 50 }),
    lastServedAt: fc.nat(1000),
    isKept: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(model, { maxLength: 12 }),
      fc.nat(60),
      fc.integer({ min: 1, max: 300 }),
      (list, need, quota) => {
        const models = list.map((one, index) => ({ ...one, id: `${index}` }));
        const sum = (some: typeof models) => some.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
        const kept = models.filter(({ isKept }) => isKept);
        if (sum(kept) + need > quota) {
          expect(() => evictionPlan(models, need, quota)).toThrow('missing');
          return;
        }
        const plan = evictionPlan(models, need, quota);
        const gone = models.filter(({ id }) => plan.includes(id));
        const left = models.filter(({ id }) => !plan.includes(id));
        expect(gone.some(({ isKept }) => isKept)).toBe(false);
        expect(sum(left) + need).toBeLessThanOrEqual(quota);
        const last = gone.find(({ id }) => id === plan.at(-1));
        if (last) expect(sum(left) + need + last.sizeBytes).toBeGreaterThan(quota);
        for (const one of left.filter(({ isKept }) => !isKept))
          for (const other of gone) expect(other.lastServedAt).toBeLessThanOrEqual(one.lastServedAt);
      },
    ),
  );
});

test('without a quota nothing is deleted', () => {
  expect(
    evictionPlan(
      [{ id: 'a', sizeBytes: 1e12, lastServedAt: 0, isKept: false }],
      1e12,
      Number.POSITIVE_INFINITY,
    ),
  ).toEqual([]);
});
