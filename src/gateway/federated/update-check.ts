import { AppError } from '#contract/errors.ts';
import type { OpenedUpdate } from './collection.ts';

/** An update's L2 norm may be this many times that of the global model, or of 1 where that is greater. */
const mostNormRatio = 10;

/** Throws `training/bad-update` when an update is not of this length, or has no control variate where it must. */
export function checkShape({ head }: OpenedUpdate, length: number, hasControl: boolean): void {
  if (head.length !== length)
    throw new AppError('training/bad-update', `The update has ${head.length} values, the model ${length}.`);
  if (head.control !== hasControl)
    throw new AppError(
      'training/bad-update',
      hasControl ? 'The update lacks its control variate.' : 'The round has no control variates.',
    );
}

/** Throws `training/bad-update` when a value is no number, or the whole is absurdly far from the model. */
export function checkValues(vectors: readonly Float32Array[], globalNorm: number): void {
  const most = mostNormRatio * Math.max(1, globalNorm);
  for (const vector of vectors) {
    const norm = normOf(vector);
    if (!Number.isFinite(norm))
      throw new AppError('training/bad-update', 'The update holds values that are no numbers.');
    if (norm > most)
      throw new AppError(
        'training/bad-update',
        `The update’s norm is ${norm.toPrecision(3)}; at most ${most.toPrecision(3)} is taken.`,
        { data: { norm, most } },
      );
  }
}

/** NaN or infinite where a value is. */
export function normOf(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
