import { addGaussianNoise } from '../privacy/gaussian-noise.ts';
import { createKeystream } from '../privacy/keystream.ts';
import { poissonSample } from '../privacy/poisson-sample.ts';
import type { PrivateRandom } from './local-training.ts';

/** Randomness of private training from a cryptographic generator of this process alone. */
export function createPrivateRandom(keystream = createKeystream()): PrivateRandom {
  return {
    addNoise: (numbers, standardDeviation) => addGaussianNoise(numbers, standardDeviation, keystream),
    sample: (count, rate) => Int32Array.from(poissonSample(count, rate, keystream)),
  };
}
