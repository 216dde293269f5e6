import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { epsilonOf } from './conversion.ts';
import { logErfc } from './log-functions.ts';
import { renyiOfStep, renyiOfSteps } from './renyi.ts';

const epsilon = (samplingRate: number, noiseMultiplier: number, steps: number, delta = 1e-5) =>
  epsilonOf(renyiOfSteps({ samplingRate, noiseMultiplier }, steps), delta).epsilon;

describe('published values', () => {
  test('Opacus: q 0.04, σ 1.5, 2,250 steps, δ 1e-5', () => {
    expect(epsilon(0.04, 1.5, 2250)).toBeCloseTo(7.32911117143, 6);
  });

  test.each([
    [5, 2.18075656e-3],
    [50, 2.38460375e-2],
    [100, 1.67416308e2],
  ])('divergence at order %i: q 0.01, σ 2.5, 50 steps', (order, divergence) => {
    const found = 50 * renyiOfStep({ samplingRate: 0.01, noiseMultiplier: 2.5 }, order);
    expect(found / divergence).toBeCloseTo(1, 6);
  });

  test.each([
    [60, 1.1, '2.91'],
    [45, 0.7, '6.86'],
    [15, 1.3, '1.16'],
  ])('Opacus’ MNIST, %i epochs, σ %f, by the classic conversion', (epochs, noiseMultiplier, printed) => {
    const divergences = renyiOfSteps({ samplingRate: 0.004, noiseMultiplier }, epochs * 250);
    expect(epsilonOf(divergences, 1e-5, 'classic').epsilon.toFixed(2)).toBe(printed);
  });

  test.each([
    [2250, 1.416],
    [2000, 1.3562],
  ])('ε 8 at q 0.04 over %i steps takes a noise of %f', (steps, published) => {
    expect(epsilon(0.04, published - 3e-4, steps)).toBeGreaterThan(8);
    expect(epsilon(0.04, published + 3e-4, steps)).toBeLessThan(8);
  });

  test('a Gaussian of σ 4.530877117 is (1, 1e-6) by divergences, which promise no more than is true', () => {
    expect(epsilon(1, 4.530877117, 1, 1e-6)).toBeCloseTo(1, 6);
    expect(deltaByIntegral(4.530877117, 1)).toBeLessThan(1e-6);
    expect(deltaByIntegral(4.530877117, 1)).toBeGreaterThan(1e-7);
  });
});

/** ∫ max(0, p − eᵉ q) of two normals a distance of 1 apart, by the trapezoid rule: what δ means. */
function deltaByIntegral(sigma: number, epsilonValue: number): number {
  const density = (x: number) => Math.exp(-(x * x) / (2 * sigma * sigma)) / (sigma * Math.sqrt(2 * Math.PI));
  const step = sigma / 2000;
  let sum = 0;
  for (let x = -12 * sigma; x < 12 * sigma + 1; x += step)
    sum += Math.max(0, density(x - 1) - Math.exp(epsilonValue) * density(x)) * step;
  return sum;
}

/** E_q[(p/q)^order] of the sampled Gaussian by the trapezoid rule, as its definition says. */
function divergenceByIntegral(q: number, sigma: number, order: number): number {
  const step = sigma / 500;
  let sum = 0;
  for (let x = -15 * sigma - order; x < 15 * sigma + 2 * order; x += step) {
    const ratio = 1 - q + q * Math.exp((2 * x - 1) / (2 * sigma * sigma));
    sum +=
      (Math.exp(-(x * x) / (2 * sigma * sigma)) / (sigma * Math.sqrt(2 * Math.PI))) * ratio ** order * step;
  }
  return Math.log(sum) / (order - 1);
}

describe('formulas against the integrals they stand for', () => {
  test.each([
    [0.05, 1.2, 2],
    [0.05, 1.2, 2.5],
    [0.3, 2, 1.3],
    [0.01, 0.8, 4.7],
    [0.5, 3, 10],
    [0.9, 1.5, 3.3],
  ])('divergence at q %f, σ %f, order %f', (q, sigma, order) => {
    const found = renyiOfStep({ samplingRate: q, noiseMultiplier: sigma }, order);
    expect(found / divergenceByIntegral(q, sigma, order)).toBeCloseTo(1, 6);
  });

  test('erfc, from its bulk to where it is no double any more', () => {
    expect(Math.exp(logErfc(0))).toBe(1);
    expect(Math.exp(logErfc(0.5))).toBeCloseTo(0.4795001221869535, 14);
    expect(Math.exp(logErfc(1))).toBeCloseTo(0.15729920705028513, 14);
    expect(Math.exp(logErfc(-1.5))).toBeCloseTo(1.9661051464753108, 14);
    expect(logErfc(3)).toBeCloseTo(Math.log(2.209049699858544e-5), 12);
    expect(logErfc(10)).toBeCloseTo(Math.log(2.088487583762545e-45), 12);
    expect(logErfc(100)).toBeCloseTo(
      -10_000 - Math.log(100 * Math.sqrt(Math.PI)) + Math.log1p(-5e-5 + 7.5e-9),
      10,
    );
  });
});

const rate = fc.double({ min: 0.001, max: 0.9, noNaN: true });
const noise = fc.double({ min: 0.6, max: 8, noNaN: true });
const steps = fc.integer({ min: 1, max: 3000 });
const runs = { numRuns: 25 };

describe('what privacy costs', () => {
  test('never less for more steps, a higher sampling rate or less noise', () => {
    fc.assert(
      fc.property(rate, noise, steps, fc.double({ min: 1, max: 2, noNaN: true }), (q, sigma, count, more) => {
        const base = epsilon(q, sigma, count) * (1 - 1e-9);
        expect(epsilon(q, sigma, Math.ceil(count * more))).toBeGreaterThanOrEqual(base);
        expect(epsilon(Math.min(1, q * more), sigma, count)).toBeGreaterThanOrEqual(base);
        expect(epsilon(q, sigma / more, count)).toBeGreaterThanOrEqual(base);
      }),
      runs,
    );
  }, 60_000);

  test('never more by the improved conversion than by the classic one, or for a larger δ', () => {
    fc.assert(
      fc.property(rate, noise, steps, (samplingRate, noiseMultiplier, count) => {
        const divergences = renyiOfSteps({ samplingRate, noiseMultiplier }, count);
        const improved = epsilonOf(divergences, 1e-5).epsilon;
        expect(improved).toBeLessThanOrEqual(epsilonOf(divergences, 1e-5, 'classic').epsilon);
        expect(epsilonOf(divergences, 1e-4).epsilon).toBeLessThanOrEqual(improved);
      }),
      runs,
    );
  });

  test('is that of all steps however they are split, and less than the sum of each part’s ε', () => {
    fc.assert(
      fc.property(rate, noise, steps, steps, (samplingRate, noiseMultiplier, some, others) => {
        const parts = [some, others].map((count) => renyiOfSteps({ samplingRate, noiseMultiplier }, count));
        const [first = [], second = []] = parts;
        const together = epsilonOf(
          first.map((value, index) => value + (second[index] ?? 0)),
          1e-5,
        ).epsilon;
        expect(together / epsilon(samplingRate, noiseMultiplier, some + others)).toBeCloseTo(1, 9);
        const apart = parts.reduce((sum, part) => sum + epsilonOf(part, 1e-5).epsilon, 0);
        expect(together).toBeLessThanOrEqual(apart * (1 + 1e-9));
      }),
      runs,
    );
  });

  test('nothing where nobody is sampled or no step is taken, without bound where there is no noise', () => {
    expect(epsilon(0, 1, 100)).toBe(0);
    expect(epsilon(0.1, 1, 0)).toBe(0);
    expect(epsilon(0.1, 0, 1)).toBe(Number.POSITIVE_INFINITY);
  });

  test('figures that are none are refused', () => {
    expect(() => renyiOfStep({ samplingRate: 1.1, noiseMultiplier: 1 }, 2)).toThrow(RangeError);
    expect(() => renyiOfStep({ samplingRate: Number.NaN, noiseMultiplier: 1 }, 2)).toThrow(RangeError);
    expect(() => renyiOfStep({ samplingRate: 0.1, noiseMultiplier: -1 }, 2)).toThrow(RangeError);
    expect(() => renyiOfStep({ samplingRate: 0.1, noiseMultiplier: 1 }, 1)).toThrow(RangeError);
    expect(() => epsilonOf([], 0)).toThrow(RangeError);
  });
});
