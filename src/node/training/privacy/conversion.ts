import { renyiOrders } from './renyi.ts';

/** `improved`: Balle et al. 2020, theorem 21 (Canonne, Kamath, Steinke 2020, proposition 12). `classic`: Mironov 2017, proposition 3. */
export type Conversion = 'improved' | 'classic';

/** The least ε at this δ that divergences at `renyiOrders` prove, and the order that proves it. */
export function epsilonOf(
  divergences: readonly number[],
  delta: number,
  conversion: Conversion = 'improved',
): { epsilon: number; order: number } {
  if (!(delta > 0 && delta < 1)) throw new RangeError(`A δ of ${delta} is not between 0 and 1.`);
  let best = { epsilon: Number.POSITIVE_INFINITY, order: Number.NaN };
  for (const [index, order] of renyiOrders.entries()) {
    const divergence = divergences[index] ?? Number.POSITIVE_INFINITY;
    const epsilon =
      conversion === 'classic'
        ? divergence - Math.log(delta) / (order - 1)
        : divergence + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1);
    if (epsilon < best.epsilon) best = { epsilon, order };
  }
  // Nothing was spent where nothing diverges; the bounds above would still charge for δ.
  if (divergences.every((divergence) => divergence === 0)) return { epsilon: 0, order: best.order };
  return { ...best, epsilon: Math.max(0, best.epsilon) };
}
