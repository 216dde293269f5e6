import { type Keystream, keystreamWords } from './keystream.ts';

/**
 * Indexes of a Poisson sample, ascending: each of `count` examples is in it by its own chance of `samplingRate`, which is what the
 * accounting of privacy rests on; the sample's size varies. The rate is cut down to a multiple of 2⁻³², never up.
 */
export function poissonSample(count: number, samplingRate: number, keystream: Keystream): number[] {
  if (!(samplingRate >= 0 && samplingRate <= 1))
    throw new RangeError(`A sampling rate of ${samplingRate} is none.`);
  const below = Math.floor(samplingRate * 2 ** 32);
  const chosen: number[] = [];
  for (let start = 0; start < count; start += keystreamWords) {
    const words = keystream.next();
    const end = Math.min(keystreamWords, count - start);
    for (let index = 0; index < end; index += 1)
      if ((words[index] as number) < below) chosen.push(start + index);
  }
  return chosen;
}
