/** Rules that look at every update, against nodes that send wrong ones on purpose. None goes with secure aggregation. */

/**
 * Krum and Multi-Krum (Blanchard et al. 2017): each update's score is the sum of its squared distances to the n − f − 2 nearest
 * others (at least one). Returns the numbers of the `kept` updates of the least scores; ties go to the first.
 */
export function krumChoice(updates: readonly Float32Array[], malicious: number, kept: number): number[] {
  const count = updates.length;
  const distances = updates.map(() => new Float64Array(count));
  for (let i = 0; i < count; i++)
    for (let j = i + 1; j < count; j++) {
      const distance = squaredDistance(updates[i] as Float32Array, updates[j] as Float32Array);
      (distances[i] as Float64Array)[j] = distance;
      (distances[j] as Float64Array)[i] = distance;
    }
  const nearest = Math.max(1, count - malicious - 2);
  const scores = distances.map((row, own) =>
    row
      .filter((_, other) => other !== own)
      .sort()
      .slice(0, nearest)
      .reduce((sum, distance) => sum + distance, 0),
  );
  return scores
    .map((_, index) => index)
    .sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b)
    .slice(0, Math.max(1, kept));
}

/** Trimmed mean (Yin et al. 2018): of each value, the ⌊share × n⌋ least and greatest are left out. `share` is below one half. */
export function trimmedMean(updates: readonly Float32Array[], share: number): Float64Array {
  const count = updates.length;
  const cut = Math.min(Math.floor(share * count), Math.floor((count - 1) / 2));
  const column = new Float64Array(count);
  const mean = new Float64Array(updates[0]?.length ?? 0);
  for (let at = 0; at < mean.length; at++) {
    for (let index = 0; index < count; index++) column[index] = updates[index]?.[at] ?? 0;
    column.sort();
    let sum = 0;
    for (let index = cut; index < count - cut; index++) sum += column[index] as number;
    mean[at] = sum / (count - 2 * cut);
  }
  return mean;
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) {
    const difference = (a[index] as number) - (b[index] as number);
    sum += difference * difference;
  }
  return sum;
}
