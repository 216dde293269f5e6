import { AppError } from '#contract/errors.ts';
import type { Examples } from './examples.ts';
import { createRandom } from './random.ts';

/**
 * Draws numbers of examples, with replacement, so that each class that is there has the same chance, whatever its share. Throws
 * `training/bad-data` where no example has a class.
 */
export function createBalancedDraw({
  count,
  classOf,
}: Pick<Examples, 'count' | 'classOf'>): (count: number, seed: number) => Int32Array {
  const sizes = new Map<number, number>();
  for (let index = 0; index < count; index += 1) {
    const found = classOf(index);
    if (found !== -1) sizes.set(found, (sizes.get(found) ?? 0) + 1);
  }
  if (sizes.size === 0) throw new AppError('training/bad-data', 'No example has a class.');
  const members = new Map([...sizes].map(([found, size]) => [found, new Int32Array(size)]));
  for (let index = count - 1; index >= 0; index -= 1) {
    const found = classOf(index);
    if (found === -1) continue;
    const left = (sizes.get(found) as number) - 1;
    sizes.set(found, left);
    (members.get(found) as Int32Array)[left] = index;
  }
  const classes = [...members.values()];
  return (wanted, seed) => {
    const random = createRandom(seed);
    const below = (length: number) => Math.floor(random() * length);
    return Int32Array.from({ length: wanted }, () => {
      const drawn = classes[below(classes.length)] as Int32Array;
      return drawn[below(drawn.length)] as number;
    });
  };
}
