import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import { AppError } from '#contract/errors.ts';
import { PlainResponse } from './plain-response.ts';
import type { OnHeadroom } from './provider.ts';
import { readHeadroom } from './rate-headers.ts';

export interface FetchLimits {
  /** Milliseconds of silence after which an answer is given up. */
  idleMs: number;
  mostBytes: number;
}

export const defaultLimits: FetchLimits = { idleMs: 60_000, mostBytes: 32e6 };
const connectMs = 10_000;

/**
 * The fetch that the providers' SDKs are given: it never follows a redirect (a key would go with it), gives up an answer that is silent
 * for `idleMs` or longer than `mostBytes`, and takes no web page for an answer. Rejects with an AppError `provider/*`.
 */
export function createProviderFetch(
  provider: string,
  onHeadroom: OnHeadroom,
  limits: FetchLimits = defaultLimits,
): { fetch: typeof fetch; close(): Promise<void> } {
  const agent = new Agent({
    connect: { timeout: connectMs },
    headersTimeout: limits.idleMs,
    bodyTimeout: limits.idleMs,
    keepAliveTimeout: 30_000,
  });

  async function guarded(input: string | URL | Request, init: RequestInit = {}): Promise<PlainResponse> {
    const url = input instanceof URL ? input : new URL(input instanceof Request ? input.url : input);
    const { signal } = init;
    const answer = await agent
      .request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: (init.method ?? 'GET').toUpperCase() as 'GET',
        headers: plainHeaders(init.headers),
        body: (init.body as string | null | undefined) ?? null,
        signal: signal ?? null,
      })
      .catch((thrown: unknown) => {
        throw signal?.aborted ? thrown : networkError(provider, thrown);
      });
    let bytes = 0;
    const response = new PlainResponse(answer.body, {
      status: answer.statusCode,
      headers: answer.headers,
      url: url.href,
      guard: {
        onBytes(count) {
          bytes += count;
          if (bytes > limits.mostBytes)
            throw new AppError(
              'provider/bad-answer',
              `${provider} answers with more than ${limits.mostBytes} bytes.`,
            );
        },
        onError: (thrown) =>
          thrown instanceof AppError || signal?.aborted ? thrown : networkError(provider, thrown),
      },
    });
    onHeadroom(readHeadroom(response.headers, Date.now()));
    if (response.status >= 300 && response.status < 400) {
      discard(answer.body);
      throw new AppError(
        'provider/bad-answer',
        `${provider} sends requests on to another address, which is never followed with a key.`,
      );
    }
    if (response.ok && response.headers.get('content-type')?.startsWith('text/html')) {
      discard(answer.body);
      throw new AppError('provider/bad-answer', `${provider} answers with a web page: is its address right?`);
    }
    return response;
  }
  return { fetch: guarded as unknown as typeof fetch, close: () => agent.destroy() };
}

/** Lets go of a body that nobody reads, and of its connection. */
function discard(body: Readable): void {
  body.on('error', () => {});
  body.destroy();
}

function plainHeaders(headers: RequestInit['headers']): Record<string, string> {
  if (!headers) return {};
  const entries = headers instanceof Headers || Array.isArray(headers) ? headers : Object.entries(headers);
  return Object.fromEntries(entries as Iterable<[string, string]>);
}

function networkError(provider: string, cause: unknown): AppError {
  const { code = '' } = ((cause as Error).cause ?? cause) as { code?: string };
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT')
    // Without its cause: an SDK that finds a timeout in it makes an error of its own.
    return new AppError('provider/stalled', `${provider} has said nothing for too long.`);
  return new AppError(
    'provider/unreachable',
    `The connection to ${provider} failed${code && ` (${code})`}.`,
    {
      cause,
    },
  );
}
