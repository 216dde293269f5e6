import OpenAI, { type ClientOptions } from 'openai';

type RequestParts = Parameters<OpenAI['buildRequest']>;
type BuiltRequest = Awaited<ReturnType<OpenAI['buildRequest']>>;

/**
 * The SDK's client with its two hooks for building and sending a request. What it writes above a body is the same for each request to
 * one path, so the SDK builds it once; and no timer of its own runs beside the limits that our fetch and a job's signal set.
 */
export class LeanClient extends OpenAI {
  /** The SDK names itself after its class. */
  static override readonly name = OpenAI.name;
  readonly #send: typeof fetch;
  /** By path. */
  readonly #built = new Map<string, { url: string; timeout: number; headers: Record<string, string> }>();

  constructor(options: ClientOptions & { fetch: typeof fetch }) {
    super(options);
    this.#send = options.fetch;
  }

  override async buildRequest(...[options, retries]: RequestParts): Promise<BuiltRequest> {
    const { method, path, body, signal } = options;
    if (method !== 'post' || options.query || options.headers) return super.buildRequest(options, retries);
    let known = this.#built.get(path);
    if (!known) {
      const { req, url, timeout } = await super.buildRequest(options, retries);
      known = { url, timeout, headers: Object.fromEntries(req.headers as Headers) };
      this.#built.set(path, known);
    }
    const { url, timeout, headers } = known;
    const req = { method, headers, body: JSON.stringify(body), signal: signal ?? undefined };
    return { req: req as unknown as BuiltRequest['req'], url, timeout };
  }

  override fetchWithTimeout(
    ...[url, init]: Parameters<OpenAI['fetchWithTimeout']>
  ): ReturnType<OpenAI['fetchWithTimeout']> {
    return this.#send(url, init);
  }
}
