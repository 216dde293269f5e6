import { logAdd, logErfc, logSubtract } from './log-functions.ts';

/** One mechanism: a Gaussian of `noiseMultiplier` × the sensitivity, over a Poisson sample. */
export interface SampledGaussian {
  /** Chance of each example to be in a step's sample, 0 to 1. */
  samplingRate: number;
  /** Standard deviation over the clipping norm. A standard deviation, not a variance. */
  noiseMultiplier: number;
}

/** Orders at which privacy is followed: those of Opacus, and some above for very small budgets. */
export const renyiOrders: readonly number[] = [
  ...Array.from({ length: 99 }, (_, index) => 1 + (index + 1) / 10),
  ...Array.from({ length: 52 }, (_, index) => 12 + index),
  ...[80, 96, 128, 192, 256, 512, 1024],
];

/**
 * Rényi divergence of one step at an order above 1, in nats, for neighbours that differ by one example added or removed. Mironov, Talwar,
 * Zhang 2019, “Rényi Differential Privacy of the Sampled Gaussian Mechanism”, section 3.3.
 */
export function renyiOfStep({ samplingRate, noiseMultiplier }: SampledGaussian, order: number): number {
  if (!(samplingRate >= 0 && samplingRate <= 1))
    throw new RangeError(`A sampling rate of ${samplingRate} is none.`);
  if (!(noiseMultiplier >= 0)) throw new RangeError(`A noise multiplier of ${noiseMultiplier} is none.`);
  if (!(order > 1)) throw new RangeError(`An order of ${order} is not above 1.`);
  if (samplingRate === 0) return 0;
  if (noiseMultiplier === 0) return Number.POSITIVE_INFINITY;
  if (samplingRate === 1) return order / (2 * noiseMultiplier ** 2);
  const logMoment = Number.isInteger(order)
    ? logMomentWhole(samplingRate, noiseMultiplier, order)
    : logMomentFractional(samplingRate, noiseMultiplier, order);
  return Math.max(0, logMoment / (order - 1));
}

/** At all of `renyiOrders`. Divergences add up over steps and mechanisms. */
export const renyiOfSteps = (mechanism: SampledGaussian, steps: number): number[] =>
  renyiOrders.map((order) => (steps === 0 ? 0 : steps * renyiOfStep(mechanism, order)));

/** The binomial sum for whole orders. */
function logMomentWhole(q: number, sigma: number, order: number): number {
  let logBinomial = 0;
  let sum = Number.NEGATIVE_INFINITY;
  for (let i = 0; i <= order; i += 1) {
    if (i > 0) logBinomial += Math.log((order - i + 1) / i);
    const term =
      logBinomial + i * Math.log(q) + (order - i) * Math.log1p(-q) + (i * i - i) / (2 * sigma ** 2);
    sum = logAdd(sum, term);
  }
  return sum;
}

/** Terms below e⁻³⁰ of a sum that is at least 1 add nothing to twelve digits. */
const negligible = -30;

/** The two series for fractional orders, left and right of where both densities are the same. */
function logMomentFractional(q: number, sigma: number, order: number): number {
  const meeting = sigma ** 2 * Math.log(1 / q - 1) + 0.5;
  const logOf = (i: number, j: number) => i * Math.log(q) + j * Math.log1p(-q);
  let binomial = 1;
  let left = Number.NEGATIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  for (let i = 0; ; i += 1) {
    if (i > 0) binomial *= (order - i + 1) / i;
    const j = order - i;
    const logBinomial = Math.log(Math.abs(binomial)) - Math.LN2;
    const leftTerm =
      logBinomial +
      logOf(i, j) +
      (i * i - i) / (2 * sigma ** 2) +
      logErfc((i - meeting) / (Math.SQRT2 * sigma));
    const rightTerm =
      logBinomial +
      logOf(j, i) +
      (j * j - j) / (2 * sigma ** 2) +
      logErfc((meeting - j) / (Math.SQRT2 * sigma));
    const join = binomial > 0 ? logAdd : logSubtract;
    left = join(left, leftTerm);
    right = join(right, rightTerm);
    if (i > order && Math.max(leftTerm, rightTerm) < negligible) return logAdd(left, right);
  }
}
