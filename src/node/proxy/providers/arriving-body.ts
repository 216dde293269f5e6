/** Where a body comes from. */
export interface BodySource {
  /** Nobody reads fast enough. */
  pause(): void;
  resume(): void;
  /** Nobody reads on. */
  abort(): void;
}

/** Bytes that may wait for their reader before the source is paused. */
const mostWaitingBytes = 65_536;

/** A body that is read once while it arrives: chunk by chunk, or with a reader as web streams have it. */
export class ArrivingBody {
  readonly #source: BodySource;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  #isWhole = false;
  #error: unknown = null;
  #wake: (() => void) | null = null;
  #chunks: AsyncIterator<Uint8Array> | null = null;

  constructor(source: BodySource) {
    this.#source = source;
  }

  push(chunk: Uint8Array): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > mostWaitingBytes && !this.#isPaused) {
      this.#isPaused = true;
      this.#source.pause();
    }
    this.#wake?.();
  }

  end(): void {
    this.#isWhole = true;
    this.#wake?.();
  }

  /** What came before it can still be read. */
  fail(error: unknown): void {
    this.#error ??= error;
    this.#wake?.();
  }

  get locked(): boolean {
    return this.#chunks !== null;
  }

  /** Everything that has arrived and was not read, once there is something; empty at the end. Rejects where the body broke off. */
  async #more(): Promise<Uint8Array[]> {
    while (this.#waiting.length === 0 && !this.#isWhole) {
      if (this.#error !== null) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#source.resume();
    }
    return chunks;
  }

  async bytes(): Promise<Buffer> {
    const all: Uint8Array[] = [];
    for (;;) {
      const chunks = await this.#more();
      if (chunks.length === 0) return Buffer.concat(all);
      all.push(...chunks);
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    this.#chunks ??= {
      next: async () => {
        const [chunk, ...more] = await this.#more();
        if (!chunk) return { done: true, value: undefined };
        return { done: false, value: more.length === 0 ? chunk : Buffer.concat([chunk, ...more]) };
      },
      return: async () => {
        this.#source.abort();
        return { done: true, value: undefined };
      },
    };
    return this.#chunks;
  }

  getReader() {
    const chunks = this[Symbol.asyncIterator]();
    return {
      read: () => chunks.next(),
      cancel: () => this.cancel(),
      releaseLock() {},
      closed: new Promise<void>(() => {}),
    };
  }

  async cancel(): Promise<void> {
    this.#source.abort();
  }
}
