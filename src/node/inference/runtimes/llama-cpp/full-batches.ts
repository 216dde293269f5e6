import type { CustomBatchingPrioritizationStrategy } from 'node-llama-cpp';

/** Turns to wait for sequences that are still being sampled before a batch goes without them. */
const mostTurns = 64;

/**
 * Stock batching starts a batch as soon as one sequence is ready, so that it always misses the one sampled last. This waits a
 * few turns until every generating sequence has its next token queued; prompts then share what is left of the batch evenly.
 */
export function fullBatches(generating: () => number): CustomBatchingPrioritizationStrategy {
  let turns = 0;
  return ({ items, size }) => {
    if (items.length < generating() && turns < mostTurns) {
      turns += 1;
      return [];
    }
    turns = 0;
    const fair = Math.max(1, Math.floor(size / items.length));
    let left = size;
    const parts = items.flatMap((item) => {
      const processAmount = Math.min(item.tokens.length, fair, left);
      left -= processAmount;
      return processAmount > 0 ? [{ item, processAmount }] : [];
    });
    for (const part of parts) {
      const more = Math.min(part.item.tokens.length - part.processAmount, left);
      part.processAmount += more;
      left -= more;
    }
    return parts;
  };
}
