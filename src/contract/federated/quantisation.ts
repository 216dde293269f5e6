import { createCipheriv, randomBytes } from 'node:crypto';
import { AppError } from '../errors.ts';
import type { RoundParameters } from './round-parameters.ts';

type Quantisation = Pick<
  RoundParameters,
  'vector_length' | 'clipping_range' | 'quantisation_range' | 'max_weight'
>;

const chunkWords = 16_384;
const zeros = Buffer.alloc(4 * chunkWords);

/**
 * SecAgg+: an update is cut to ±clipping_range, scaled by weight / max_weight, laid on [0, quantisation_range] and rounded up or down by
 * chance, so that sums have no bias; the weight comes last, in the same steps. `weight` is a count of examples. Throws
 * `training/bad-update`.
 */
export function quantise(
  update: Float32Array,
  weight: number,
  parameters: Quantisation,
): Uint32Array<ArrayBuffer> {
  const { vector_length: length, clipping_range: clip, quantisation_range: range, max_weight } = parameters;
  const bad = (sentence: string) => new AppError('training/bad-update', sentence);
  if (update.length !== length)
    throw bad(`The update has ${update.length} weights, the round wants ${length}.`);
  if (!Number.isInteger(weight) || weight < 1 || weight > max_weight)
    throw bad(`A weight of ${weight} is not a whole number from 1 to ${max_weight}.`);
  const weightSteps = Math.round((weight / max_weight) * range);
  const scale = weightSteps / range;
  const stepsPerUnit = range / (2 * clip);
  const quantised = new Uint32Array(length + 1);
  const chance = createCipheriv('aes-256-ctr', randomBytes(32), Buffer.alloc(16));
  let notFinite = 0;
  for (let start = 0; start < length; start += chunkWords) {
    const part = update.subarray(start, start + chunkWords);
    const into = quantised.subarray(start, start + part.length);
    const bytes = chance.update(zeros);
    const random = new Uint32Array(bytes.buffer, bytes.byteOffset, chunkWords);
    for (let index = 0; index < part.length; index += 1) {
      const value = part[index] as number;
      if (value - value !== 0) notFinite += 1;
      const cut = Math.min(Math.max(value, -clip), clip);
      into[index] = (cut * scale + clip) * stepsPerUnit + (random[index] as number) * 2 ** -32;
    }
  }
  if (notFinite > 0) throw bad(`${notFinite} of the update’s weights are not finite numbers.`);
  quantised[length] = weightSteps;
  return quantised;
}

export interface Aggregate {
  /** Weighted mean of the updates, each cut to ±clipping_range. */
  mean: Float32Array<ArrayBuffer>;
  /** In examples; exact to max_weight / quantisation_range a contributor. */
  totalWeight: number;
}

/** From the sum modulo 2³² of the vectors of so many contributors. */
export function dequantisedMean(sum: Uint32Array, contributors: number, parameters: Quantisation): Aggregate {
  const { vector_length: length, clipping_range: clip, quantisation_range: range, max_weight } = parameters;
  const weightSteps = sum[length] ?? 0;
  if (sum.length !== length + 1 || weightSteps === 0 || weightSteps > contributors * range)
    throw new AppError(
      'training/bad-update',
      `A sum of ${contributors} updates cannot weigh ${weightSteps}.`,
    );
  const totalScale = weightSteps / range;
  const unitsPerStep = (2 * clip) / range / totalScale;
  const offset = (contributors * clip) / totalScale;
  const mean = new Float32Array(length);
  for (let index = 0; index < length; index += 1)
    mean[index] = (sum[index] as number) * unitsPerStep - offset;
  return { mean, totalWeight: totalScale * max_weight };
}
