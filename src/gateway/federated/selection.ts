import { createHash } from 'node:crypto';

/** A node that would take part in a round. */
export interface Candidate {
  nodeKey: string;
  examples: number;
  threads: number;
  /** Rounds of this task since it was last selected; how often it was passed over. */
  passedOver: number;
}

/** How many of `there` nodes a round takes: the fraction, rounded up, within the bounds. 0 when there are too few. */
export function roundSize(
  there: number,
  { min, max, fraction }: { min: number; max: number; fraction: number },
): number {
  if (there < min) return 0;
  return Math.min(there, max, Math.max(min, Math.ceil(fraction * there)));
}

/**
 * Draws `count` nodes without replacement; one passed over k times weighs k + 1 (Efraimidis and Spirakis 2006: the greatest
 * u^(1/weight)). The same seed and candidates give the same nodes, in whatever order they came. Sorted by key.
 */
export function selectNodes(candidates: readonly Candidate[], count: number, seed: string): string[] {
  return candidates
    .map(({ nodeKey, passedOver }) => ({
      nodeKey,
      rank: Math.log(uniform(seed, nodeKey)) / (passedOver + 1),
    }))
    .sort((a, b) => b.rank - a.rank || (a.nodeKey < b.nodeKey ? -1 : 1))
    .slice(0, count)
    .map(({ nodeKey }) => nodeKey)
    .sort();
}

/** In (0, 1), of 48 bits. */
const uniform = (seed: string, nodeKey: string) =>
  (createHash('sha256').update(`${seed}\n${nodeKey}`).digest().readUIntBE(0, 6) + 0.5) / 2 ** 48;
