import type { Readable } from 'node:stream';

/** Header names as they came, in small letters. */
type PlainHeaders = Record<string, string | string[] | undefined>;

/** What an SDK reads of an answer's headers, without the copies that `Headers` makes. */
class HeaderView {
  readonly #headers: PlainHeaders;

  constructor(headers: PlainHeaders) {
    this.#headers = headers;
  }

  get(name: string): string | null {
    const value = this.#headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : (value ?? null);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  *entries(): IterableIterator<[string, string]> {
    for (const name of Object.keys(this.#headers)) yield [name, this.get(name) ?? ''];
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  forEach(visit: (value: string, name: string) => void): void {
    for (const [name, value] of this.entries()) visit(value, name);
  }
}

/** What is watched over while a body is read. */
export interface BodyGuard {
  /** Throws when it has become too long. */
  onBytes(count: number): void;
  /** What a broken connection is called. */
  onError(thrown: unknown): unknown;
}

/** A body that is read once: chunk by chunk, or with a reader as web streams have it. */
class PlainBody {
  readonly #stream: Readable;
  readonly #guard: BodyGuard;
  #chunks: AsyncIterator<Uint8Array> | null = null;

  constructor(stream: Readable, guard: BodyGuard) {
    this.#stream = stream;
    this.#guard = guard;
  }

  get locked(): boolean {
    return this.#chunks !== null;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#chunks) return this.#chunks;
    const chunks: AsyncIterator<Uint8Array> = this.#stream[Symbol.asyncIterator]();
    const guard = this.#guard;
    this.#chunks = {
      async next() {
        try {
          const result = await chunks.next();
          if (!result.done) guard.onBytes(result.value.length);
          return result;
        } catch (thrown) {
          await chunks.return?.();
          throw guard.onError(thrown);
        }
      },
      return: async () => (await chunks.return?.()) ?? { done: true, value: undefined },
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
    this.#stream.destroy();
  }
}

/** An answer with as much of `Response` as the providers' SDKs use, straight over undici's body: several times cheaper to make. */
export class PlainResponse {
  readonly status: number;
  readonly statusText = '';
  readonly headers: HeaderView;
  readonly url: string;
  readonly redirected = false;
  readonly type = 'basic';
  readonly body: PlainBody;

  constructor(
    stream: Readable,
    init: { status: number; headers: PlainHeaders; url: string; guard: BodyGuard },
  ) {
    this.status = init.status;
    this.url = init.url;
    this.headers = new HeaderView(init.headers);
    this.body = new PlainBody(stream, init.guard);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get bodyUsed(): boolean {
    return this.body.locked;
  }

  async text(): Promise<string> {
    return (await this.#bytes()).toString();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array(await this.#bytes()).buffer;
  }

  async #bytes(): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    const iterator = this.body[Symbol.asyncIterator]();
    for (let part = await iterator.next(); !part.done; part = await iterator.next()) chunks.push(part.value);
    return Buffer.concat(chunks);
  }
}
