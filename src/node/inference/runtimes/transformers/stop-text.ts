/**
 * Cuts a stream of text before the stop string that is whole first. What could be the beginning of one is held back until it is clear.
 */
export class StopText {
  readonly #stops: readonly string[];
  #held = '';
  isStopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** The text that may go out now. */
  feed(text: string): string {
    if (this.isStopped) return '';
    const all = this.#held + text;
    const cut = firstStop(all, this.#stops);
    if (cut !== null) {
      this.isStopped = true;
      this.#held = '';
      return all.slice(0, cut);
    }
    const held = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#held = all.slice(all.length - held);
    return all.slice(0, all.length - held);
  }

  /** What was held back, at the end of the text. */
  flush(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }
}

/** Where the stop string begins that is whole first, however the text was cut; null where none is whole. */
function firstStop(text: string, stops: readonly string[]): number | null {
  const found = stops
    .map((stop) => ({ start: text.indexOf(stop), length: stop.length }))
    .filter(({ start }) => start >= 0)
    .sort((a, b) => a.start + a.length - (b.start + b.length) || a.start - b.start);
  return found[0]?.start ?? null;
}

/** Characters at the text's end that are a beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1)
    if (text.endsWith(stop.slice(0, length))) return length;
  return 0;
}
