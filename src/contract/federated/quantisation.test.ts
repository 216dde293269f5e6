import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dequantisedMean, quantise } from './quantisation.ts';
import { defaultQuantisation } from './round-parameters.ts';

const parameters = (vectorLength: number) => ({ ...defaultQuantisation, vectorLength });
const step = 16 / 2 ** 22;
const badUpdate = expect.objectContaining({ code: 'training/bad-update' });
const updates = fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('an update in whole steps', () => {
  test('comes back within a step of itself, cut to ±8', () => {
    fc.assert(
      fc.property(updates, fc.integer({ min: 1, max: 1000 }), (list, weight) => {
        const update = Float32Array.from(list);
        const of = parameters(update.length);
        const { mean, totalWeight } = dequantisedMean(quantise(update, weight, of), 1, of);
        expect(totalWeight).toBeCloseTo(weight, 3);
        for (const [at, value] of update.entries())
          expect(Math.abs((mean[at] ?? Number.NaN) - Math.min(8, Math.max(-8, value)))).toBeLessThan(
            (step * 1000) / weight + 1e-5,
          );
      }),
    );
  });

  test('never leaves its range, so that the sums of all participants stay below 2³²', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(-8, 8, -3e38, 3e38, 0, 7.9999995), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 1000 }),
        (list, weight) => {
          const words = quantise(Float32Array.from(list), weight, parameters(list.length));
          expect(Math.max(...words)).toBeLessThanOrEqual(2 ** 22);
        },
      ),
    );
  });

  test('is rounded by chance and without bias', () => {
    const count = 200_000;
    // A third of the way between two steps.
    const update = new Float32Array(count).fill((2 ** 20 + 1 / 4) * step - 8);
    const words = quantise(update, 1000, parameters(count)).subarray(0, count);
    const up = words.filter((word) => word === 2 ** 20 + 1).length;
    expect(up + words.filter((word) => word === 2 ** 20).length).toBe(count);
    // Eight standard errors.
    expect(Math.abs(up / count - 0.25)).toBeLessThan(8 * Math.sqrt(0.1875 / count));
  });

  test('that is no update, or weighs nothing or too much, is refused', () => {
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(() => quantise(Float32Array.of(1, odd), 1, parameters(2))).toThrow(badUpdate);
    for (const weight of [0, -1, 1001, 0.5, Number.NaN])
      expect(() => quantise(Float32Array.of(1), weight, parameters(1))).toThrow(badUpdate);
    expect(() => quantise(Float32Array.of(1), 1, parameters(2))).toThrow(badUpdate);
  });

  test('a sum that cannot be one of so many contributors is refused', () => {
    const of = parameters(2);
    expect(() => dequantisedMean(Uint32Array.of(1, 1, 0), 3, of)).toThrow(badUpdate);
    expect(() => dequantisedMean(Uint32Array.of(1, 1, 3 * 2 ** 22 + 1), 3, of)).toThrow(badUpdate);
    expect(() => dequantisedMean(Uint32Array.of(1, 1), 3, of)).toThrow(badUpdate);
  });
});
