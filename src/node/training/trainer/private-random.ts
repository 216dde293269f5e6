import { addGaussianNoise } from '../privacy/gaussian-noise.ts';
import { createKeystream } from '../privacy/keystream.ts';
import { poissonSample } from '../privacy/poisson-sample.ts';
import type { PrivateRandom } from './local-training.ts';

/** Noise and samples of private training, from a cryptographic generator. */
export function createPrivateRandom(): PrivateRandom {
  const keystream = createKeystream();
  return {
    noise(out, standardDeviation) {
      out.fill(0);
      addGaussianNoise(out, standardDeviation, keystream);
    },
    sample: (count, rate) => Int32Array.from(poissonSample(count, rate, keystream)),
  };
}
