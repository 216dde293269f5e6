import type { ArrivingBody } from './arriving-body.ts';

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

/** An answer with as much of `Response` as the providers' SDKs use, without its streams: several times cheaper to make. */
export class PlainResponse {
  readonly status: number;
  readonly statusText = '';
  readonly headers: HeaderView;
  // The SDKs put it into their logs, which are off, at the price of taking it apart.
  readonly url = '';
  readonly redirected = false;
  readonly type = 'basic';
  readonly body: ArrivingBody;

  constructor(status: number, headers: PlainHeaders, body: ArrivingBody) {
    this.status = status;
    this.headers = new HeaderView(headers);
    this.body = body;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get bodyUsed(): boolean {
    return this.body.locked;
  }

  async text(): Promise<string> {
    return (await this.body.bytes()).toString();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array(await this.body.bytes()).buffer;
  }
}
