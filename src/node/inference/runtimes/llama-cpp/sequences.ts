import type { LlamaContextSequence, Token } from 'node-llama-cpp';

/** What of a sequence the choice needs. */
export type Reusable = Pick<LlamaContextSequence, 'contextTokens'>;

/**
 * The sequences of a context, handed out one job each. The idle one whose tokens share the longest beginning with the prompt is
 * taken, so that a known beginning is not evaluated again; among equals the one idle longest, so that recent ones stay warm.
 */
export class Sequences<T extends Reusable> {
  /** Idle the longest first. */
  readonly #idle: T[];
  readonly #waiting: { tokens: readonly Token[]; take(sequence: T): void }[] = [];

  constructor(sequences: T[]) {
    this.#idle = sequences;
  }

  take(tokens: readonly Token[]): Promise<T> {
    const sequence = this.#best(tokens);
    if (sequence) return Promise.resolve(sequence);
    return new Promise((resolve) => this.#waiting.push({ tokens, take: resolve }));
  }

  giveBack(sequence: T): void {
    const next = this.#waiting.shift();
    if (next) next.take(sequence);
    else this.#idle.push(sequence);
  }

  #best(tokens: readonly Token[]): T | undefined {
    let best = 0;
    let longest = -1;
    this.#idle.forEach((sequence, index) => {
      const shared = sharedLength(sequence.contextTokens, tokens);
      if (shared <= longest) return;
      longest = shared;
      best = index;
    });
    return this.#idle.splice(best, 1)[0];
  }
}

function sharedLength(a: readonly Token[], b: readonly Token[]): number {
  const most = Math.min(a.length, b.length);
  let index = 0;
  while (index < most && a[index] === b[index]) index += 1;
  return index;
}
