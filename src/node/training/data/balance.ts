import type { OpenedExamples } from './open-examples.ts';
import { createRandom } from './random.ts';

/** Numbers of examples, drawn with replacement so that each class that is there has the same chance, whatever its share. Seeded. */
export function balancedIndices(
  { count, classOf }: Pick<OpenedExamples, 'count' | 'classOf'>,
  options: { count: number; seed: number },
): Int32Array {
  const byClass = new Map<number, number[]>();
  for (let index = 0; index < count; index += 1) {
    const found = classOf(index);
    const members = byClass.get(found);
    if (members) members.push(index);
    else byClass.set(found, [index]);
  }
  const classes = [...byClass.values()];
  const random = createRandom(options.seed);
  const draw = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
  return Int32Array.from({ length: classes.length === 0 ? 0 : options.count }, () => draw(draw(classes)));
}
