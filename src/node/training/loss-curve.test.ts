import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLossCurve } from './loss-curve.ts';

test('keeps the whole course in so many points, about as dense everywhere', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 7 }), (count, every) => {
      const curve = createLossCurve(200);
      for (let index = 0; index < count; index += 1) curve.add(index * every, 1 / (index + 1));
      const points = curve.points.get();
      expect(points.length).toBeLessThanOrEqual(200);
      expect(points.length).toBeGreaterThanOrEqual(Math.min(count, 99));
      expect(points[0]).toEqual({ step: 0, loss: 1 });
      const gaps = points.slice(1).map(({ step }, index) => step - (points[index]?.step ?? 0));
      const last = (count - 1) * every - (points.at(-1)?.step ?? 0);
      expect(Math.max(0, ...gaps, last)).toBeLessThanOrEqual(2 * Math.min(...gaps, Number.POSITIVE_INFINITY));
    }),
    { numRuns: 30 },
  );
});

test('steps that come again after a crash stand there once', () => {
  const curve = createLossCurve(200);
  for (const step of [1, 2, 3, 4, 5]) curve.add(step, 5);
  for (const step of [3, 4]) curve.add(step, 4);
  expect(curve.points.get()).toEqual([
    { step: 1, loss: 5 },
    { step: 2, loss: 5 },
    { step: 3, loss: 4 },
    { step: 4, loss: 4 },
  ]);
  curve.clear();
  expect(curve.points.get()).toEqual([]);
});
