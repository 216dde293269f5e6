import { AppError } from '#contract/errors.ts';
import { type Conversion, epsilonOf, gaussianDelta } from './conversion.ts';
import { renyiOfSteps } from './renyi.ts';

export interface PrivacyTarget {
  epsilon: number;
  delta: number;
}

const mostNoise = 1e6;
const precision = 1e-7;

/** The least noise multiplier, to seven digits and never below it, that stays within the target. Throws `training/privacy-budget`. */
export function noiseMultiplierFor(
  { epsilon, delta }: PrivacyTarget,
  { samplingRate, steps }: { samplingRate: number; steps: number },
  conversion: Conversion = 'improved',
): number {
  return leastNoise(
    (noiseMultiplier) =>
      epsilonOf(renyiOfSteps({ samplingRate, noiseMultiplier }, steps), delta, conversion).epsilon <= epsilon,
  );
}

/** The same for one Gaussian over all of the data, without the slack of Rényi divergences (Balle and Wang 2018, algorithm 1). */
export function gaussianNoiseFor({ epsilon, delta }: PrivacyTarget): number {
  if (!(epsilon > 0 && delta > 0 && delta < 1)) throw unreachable();
  return leastNoise((noiseMultiplier) => gaussianDelta(noiseMultiplier, epsilon) <= delta);
}

function leastNoise(isEnough: (noiseMultiplier: number) => boolean): number {
  let low = 0;
  let high = 1;
  while (!isEnough(high)) {
    low = high;
    high *= 2;
    if (high > mostNoise) throw unreachable();
  }
  while (high - low > precision * high) {
    const middle = (low + high) / 2;
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

const unreachable = () =>
  new AppError('training/privacy-budget', 'No amount of noise keeps within this privacy budget.');
