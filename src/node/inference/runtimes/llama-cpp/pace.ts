/** Longest rest after one piece of work, so that a change of the share is met soon. */
const mostRestMs = 1000;

/** Lets an engine compute only a part of the time: after each piece of work it rests as long as its share asks for. */
export class Pace {
  readonly #nowMs: () => number;
  readonly #sleep: (ms: number) => Promise<unknown>;
  #timeShare = 1;
  #restUntilMs = 0;

  constructor(nowMs: () => number, sleep: (ms: number) => Promise<unknown>) {
    this.#nowMs = nowMs;
    this.#sleep = sleep;
  }

  /** Above 0 up to 1. */
  set timeShare(share: number) {
    this.#timeShare = share;
    if (share === 1) this.#restUntilMs = 0;
  }

  /** Does a piece of work when the rest after what came before is over, whoever did that. */
  async work<T>(piece: () => Promise<T>): Promise<T> {
    for (let left = this.#left(); left > 0; left = this.#left()) await this.#sleep(Math.ceil(left));
    if (this.#timeShare === 1) return piece();
    const startedMs = this.#nowMs();
    try {
      return await piece();
    } finally {
      const nowMs = this.#nowMs();
      const restMs = Math.min(mostRestMs, (nowMs - startedMs) * (1 / this.#timeShare - 1));
      this.#restUntilMs = Math.max(this.#restUntilMs, nowMs + restMs);
    }
  }

  #left(): number {
    return this.#restUntilMs - this.#nowMs();
  }
}
