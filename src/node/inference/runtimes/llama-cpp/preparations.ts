import type { LlamaContextSequence } from 'node-llama-cpp';
import type { Pace } from './pace.ts';

type Evaluation = ReturnType<LlamaContextSequence['evaluate']>;

/**
 * Lets a new request in between the tokens of those that run. The library holds the context for as long as any sequence has a token
 * queued, and taking tokens out of a sequence, as a new prompt needs, waits for the context: with two requests running, a third
 * would wait until they end. So while a sequence is being prepared the others ask for no further token.
 */
export class Preparations {
  #count = 0;
  #waiting: (() => void)[] = [];
  readonly #ends = new Map<LlamaContextSequence, () => void>();
  readonly #onEvaluating: (change: 1 | -1) => void;
  readonly #pace: Pace;

  /** Is told of each evaluation's beginning and end. Every step keeps to the pace. */
  constructor(onEvaluating: (change: 1 | -1) => void, pace: Pace) {
    this.#onEvaluating = onEvaluating;
    this.#pace = pace;
  }

  /** A sequence gets ready for a new prompt until it is evaluated, or until what is returned is called. */
  begin(sequence: LlamaContextSequence): () => void {
    this.#count += 1;
    const end = () => {
      if (!this.#ends.delete(sequence)) return;
      this.#count -= 1;
      if (this.#count > 0) return;
      for (const resume of this.#waiting.splice(0)) resume();
    };
    this.#ends.set(sequence, end);
    return end;
  }

  /** Makes a sequence's evaluations give way. */
  watch(sequence: LlamaContextSequence): LlamaContextSequence {
    const library = Object.getPrototypeOf(sequence) as LlamaContextSequence;
    sequence.evaluate = (tokens, options) =>
      this.#givingWay(sequence, library.evaluate.call(sequence, tokens, options));
    return sequence;
  }

  async *#givingWay(sequence: LlamaContextSequence, evaluation: Evaluation): Evaluation {
    this.#ends.get(sequence)?.();
    this.#onEvaluating(1);
    try {
      let input: undefined | Parameters<Evaluation['next']>[0];
      for (;;) {
        if (this.#count > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
        const given = input;
        const step = await this.#pace.work(() =>
          given === undefined ? evaluation.next() : evaluation.next(given),
        );
        if (step.done) return step.value;
        input = yield step.value;
      }
    } finally {
      this.#onEvaluating(-1);
      await evaluation.return?.();
    }
  }
}
