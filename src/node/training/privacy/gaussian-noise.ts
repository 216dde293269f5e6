import { type Keystream, keystreamWords } from './keystream.ts';

/** Three words make two samples. */
const pairsInChunk = Math.floor(keystreamWords / 3);

/**
 * Adds independent Gaussian noise, in place. `standardDeviation` is noise multiplier × clipping norm; not a variance.
 *
 * Box–Muller with a 53-bit radius (up to 8.57 σ) and a 32-bit angle, in doubles. Doubles have holes, and a noisy double may tell the
 * value under it (Mironov 2012; Holohan and Braghin 2021, who sum several samples against it). Here the sum is rounded to the array's
 * type, and `quantise` then lays it by chance on 2²² steps: what leaves the node is a whole number. Do not publish it as doubles.
 */
export function addGaussianNoise(
  values: Float32Array | Float64Array,
  standardDeviation: number,
  keystream: Keystream,
): void {
  if (!(standardDeviation >= 0 && standardDeviation < Number.POSITIVE_INFINITY))
    throw new RangeError(`A standard deviation of ${standardDeviation} is none.`);
  for (let start = 0; start < values.length; start += 2 * pairsInChunk)
    addToChunk(values.subarray(start, start + 2 * pairsInChunk), standardDeviation, keystream.next());
}

function addToChunk(
  values: Float32Array | Float64Array,
  standardDeviation: number,
  words: Uint32Array,
): void {
  const even = values.length - (values.length % 2);
  let at = 0;
  for (let index = 0; index < even; index += 2, at += 3) {
    const radius = standardDeviation * radiusOf(words[at] as number, words[at + 1] as number);
    const angle = (words[at + 2] as number) * radiansPerWord;
    values[index] = (values[index] as number) + radius * Math.cos(angle);
    values[index + 1] = (values[index + 1] as number) + radius * Math.sin(angle);
  }
  if (even < values.length) {
    const radius = standardDeviation * radiusOf(words[at] as number, words[at + 1] as number);
    values[even] = (values[even] as number) + radius * Math.cos((words[at + 2] as number) * radiansPerWord);
  }
}

const radiansPerWord = (2 * Math.PI) / 2 ** 32;

/** Of a uniform number in (0, 1]: never of zero, whose logarithm is infinite. */
function radiusOf(high: number, low: number): number {
  const uniform = ((high >>> 5) * 2 ** 26 + (low >>> 6) + 1) * 2 ** -53;
  return Math.sqrt(-2 * Math.log(uniform));
}
