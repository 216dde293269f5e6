import { Agent, fetch as undiciFetch } from 'undici';
import { AppError } from '#contract/errors.ts';
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
    pipelining: 1,
  });

  async function guarded(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = (await undiciFetch(input as string, {
        ...(init as object),
        redirect: 'manual',
        dispatcher: agent,
      })) as unknown as Response;
    } catch (thrown) {
      if (init?.signal?.aborted) throw thrown;
      throw networkError(provider, thrown);
    }
    onHeadroom(readHeadroom(response.headers, Date.now()));
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw new AppError(
        'provider/bad-answer',
        `${provider} sends requests on to another address, which is never followed with a key.`,
      );
    }
    const type = response.headers.get('content-type') ?? '';
    if (response.ok && type.startsWith('text/html')) {
      await response.body?.cancel();
      throw new AppError('provider/bad-answer', `${provider} answers with a web page: is its address right?`);
    }
    if (!response.body) return response;
    return new Response(bounded(response.body, provider, limits.mostBytes, init?.signal ?? null), {
      status: response.status,
      headers: response.headers,
    });
  }
  return { fetch: guarded as typeof fetch, close: () => agent.destroy() };
}

function bounded(
  body: ReadableStream<Uint8Array>,
  provider: string,
  mostBytes: number,
  signal: AbortSignal | null,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          bytes += value.length;
          if (bytes > mostBytes)
            throw new AppError(
              'provider/bad-answer',
              `${provider} answers with more than ${mostBytes} bytes.`,
            );
          controller.enqueue(value);
        } catch (thrown) {
          await reader.cancel().catch(() => {});
          controller.error(
            thrown instanceof AppError || signal?.aborted ? thrown : networkError(provider, thrown),
          );
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function networkError(provider: string, cause: unknown): AppError {
  const { code = '' } = ((cause as Error).cause ?? cause) as { code?: string };
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT')
    return new AppError('provider/stalled', `${provider} has said nothing for too long.`, { cause });
  return new AppError(
    'provider/unreachable',
    `The connection to ${provider} failed${code && ` (${code})`}.`,
    {
      cause,
    },
  );
}
