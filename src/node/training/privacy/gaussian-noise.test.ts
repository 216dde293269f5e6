import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addGaussianNoise } from './gaussian-noise.ts';
import { createKeystream, type Keystream, keystreamWords } from './keystream.ts';
import { logErfc } from './log-functions.ts';
import { poissonSample } from './poisson-sample.ts';

/** The same stream at each run: what holds once holds always. */
const fixed = (number = 0) => createKeystream(new Uint8Array(32).fill(7 + number));

function noise(count: number, standardDeviation = 1, keystream: Keystream = fixed()): Float64Array {
  const values = new Float64Array(count);
  addGaussianNoise(values, standardDeviation, keystream);
  return values;
}
const moment = (values: Float64Array, power: number) =>
  values.reduce((sum, value) => sum + value ** power, 0) / values.length;

describe('Gaussian noise', () => {
  test('has the moments of a standard normal distribution', () => {
    const values = noise(1_000_001);
    // Five standard errors of each moment at a million samples.
    expect(Math.abs(moment(values, 1))).toBeLessThan(5e-3);
    expect(Math.abs(moment(values, 2) - 1)).toBeLessThan(5 * Math.SQRT2 * 1e-3);
    expect(Math.abs(moment(values, 3))).toBeLessThan(5 * Math.sqrt(15) * 1e-3);
    expect(Math.abs(moment(values, 4) - 3)).toBeLessThan(5 * Math.sqrt(96) * 1e-3);
  });

  test('has its distribution: Kolmogorov and Smirnov, at a level of one in a thousand', () => {
    const values = noise(200_000).sort();
    let most = 0;
    for (const [index, value] of values.entries()) {
      const cdf = Math.exp(logErfc(-value / Math.SQRT2)) / 2;
      most = Math.max(
        most,
        Math.abs((index + 1) / values.length - cdf),
        Math.abs(cdf - index / values.length),
      );
    }
    expect(most * Math.sqrt(values.length)).toBeLessThan(1.95);
  });

  test('has its tails, and neighbours have nothing to do with each other', () => {
    const values = noise(1_000_000);
    const beyond = values.filter((value) => Math.abs(value) > 4).length;
    expect(Math.abs(beyond - 63.3)).toBeLessThan(5 * Math.sqrt(63.3));
    const together = values.reduce((sum, value, index) => sum + value * (values[index + 1] ?? 0), 0);
    expect(Math.abs(together / values.length)).toBeLessThan(5e-3);
  });

  test('is added to what is there, in doubles and floats, and scales with its standard deviation', () => {
    const plain = noise(1001);
    const doubles = new Float64Array(1001).fill(3);
    addGaussianNoise(doubles, 0.5, fixed());
    const floats = new Float32Array(1001).fill(3);
    addGaussianNoise(floats, 0.5, fixed());
    for (let at = 0; at < 1001; at += 1) {
      expect(doubles[at]).toBeCloseTo(3 + 0.5 * (plain[at] as number), 12);
      expect(floats[at]).toBeCloseTo(doubles[at] as number, 5);
    }
  });

  test('is finite for every word the generator may give, zero among them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 31, 2 ** 31, 2 ** 32 - 1),
        fc.integer({ min: 1, max: 7 }),
        (word, count) => {
          const values = noise(count, 1, { next: () => new Uint32Array(keystreamWords).fill(word) });
          for (const value of values) expect(Math.abs(value)).toBeLessThan(8.6);
        },
      ),
    );
  });

  test('differs each time without a seed, and with two seeds', () => {
    const all = [
      noise(50, 1, createKeystream()),
      noise(50, 1, createKeystream()),
      noise(50),
      noise(50, 1, fixed(1)),
    ];
    expect(new Set(all.map((values) => values.join()))).toHaveProperty('size', 4);
  });

  test('a standard deviation that is none is refused', () => {
    for (const odd of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => noise(3, odd)).toThrow(RangeError);
    expect(noise(3, 0)).toEqual(new Float64Array(3));
  });
});

describe('a Poisson sample', () => {
  test('takes each example by the same chance, in order and without repeats', () => {
    const sample = poissonSample(1_000_000, 0.04, fixed());
    expect(Math.abs(sample.length - 40_000)).toBeLessThan(5 * Math.sqrt(40_000 * 0.96));
    expect(sample.every((index, at) => at === 0 || index > (sample[at - 1] as number))).toBe(true);
    expect(sample.at(-1)).toBeLessThan(1_000_000);
    // Chi-squared over a hundred stretches of the data: mean 99, five standard deviations above.
    const counts = new Array<number>(100).fill(0);
    for (const index of sample)
      counts[Math.floor(index / 10_000)] = (counts[Math.floor(index / 10_000)] ?? 0) + 1;
    const chiSquared = counts.reduce((sum, count) => sum + (count - 400) ** 2 / (400 * 0.96), 0);
    expect(chiSquared).toBeLessThan(99 + 5 * Math.sqrt(198));
  });

  test('varies in size as a binomial does: a batch of a fixed size would be another mechanism', () => {
    const keystream = fixed(2);
    const sizes = Float64Array.from({ length: 400 }, () => poissonSample(1000, 0.1, keystream).length - 100);
    expect(Math.abs(moment(sizes, 1))).toBeLessThan(5 * Math.sqrt(90 / 400));
    expect(Math.abs(moment(sizes, 2) - 90)).toBeLessThan(5 * 90 * Math.sqrt(2 / 400));
  });

  test('takes all at a rate of 1, none at 0, and refuses a rate that is none', () => {
    expect(poissonSample(20_000, 1, createKeystream())).toHaveLength(20_000);
    expect(poissonSample(20_000, 0, createKeystream())).toEqual([]);
    expect(poissonSample(0, 0.5, createKeystream())).toEqual([]);
    for (const odd of [-0.1, 1.1, Number.NaN])
      expect(() => poissonSample(10, odd, createKeystream())).toThrow(RangeError);
  });
});
