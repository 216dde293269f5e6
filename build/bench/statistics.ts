export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The smallest value that `share` of the values do not exceed. */
export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Median with the smallest and largest value, rounded to three digits. */
export function spread(values: number[]): { median: number; min: number; max: number } {
  const round = (value: number) => Number(value.toPrecision(3));
  return { median: round(median(values)), min: round(Math.min(...values)), max: round(Math.max(...values)) };
}
