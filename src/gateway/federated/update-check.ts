import { AppError } from '#contract/errors.ts';
import type { OpenedUpdate } from './collection.ts';

/** What a weight may change by, as a root mean square over all of them, where the task says nothing. */
const mostRootMeanSquare = 10;

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

/** Throws `training/bad-update` when a value is no number, or its L2 norm is over the most that is taken: the task's, or 10 √n. */
export function checkValues(vectors: readonly Float32Array[], mostNorm: number | null): void {
  for (const vector of vectors) {
    const norm = normOf(vector);
    const most = mostNorm ?? mostRootMeanSquare * Math.sqrt(vector.length);
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
function normOf(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
