/** A running weighted mean of vectors in float64: one vector is held, however many nodes there are. */
export function createWeightedMean(length: number) {
  const sum = new Float64Array(length);
  let total = 0;
  return {
    /** A weight of 0 or less adds nothing. */
    add(vector: Float32Array, weight: number): void {
      if (!(weight > 0)) return;
      total += weight;
      for (let index = 0; index < length; index++)
        sum[index] = (sum[index] as number) + weight * (vector[index] as number);
    },
    /** Zeros when nothing was added. */
    mean(): Float64Array {
      return total === 0 ? new Float64Array(length) : sum.map((value) => value / total);
    },
  };
}
