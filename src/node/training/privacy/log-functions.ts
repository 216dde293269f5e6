/** log(eᵃ + eᵇ). */
export function logAdd(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(low - high));
}

/** log(eᵃ − eᵇ) for a ≥ b. */
export function logSubtract(a: number, b: number): number {
  if (b === Number.NEGATIVE_INFINITY) return a;
  return a <= b ? Number.NEGATIVE_INFINITY : a + Math.log(-Math.expm1(b - a));
}

const seriesBelow = 1;
const fractionSteps = 250;

/**
 * log erfc(x), to about 1e-14 also where erfc itself is no longer a double. Below 1 by the series of erf, above by the continued fraction
 * of Laplace (DLMF 7.9.1), which 250 steps settle from 1 on.
 */
export function logErfc(x: number): number {
  if (x < -seriesBelow) return Math.log1p(1 - Math.exp(logErfc(-x)));
  if (x < seriesBelow) return Math.log1p(-erfSeries(x));
  let fraction = 0;
  const steps = Math.ceil(fractionSteps / x) + 10;
  for (let k = steps; k >= 1; k -= 1) fraction = k / 2 / (x + fraction);
  return -x * x - Math.log(x + fraction) - Math.log(Math.PI) / 2;
}

function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18; n += 1) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
