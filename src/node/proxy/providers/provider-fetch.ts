import { Agent, type Dispatcher } from 'undici';
import { AppError } from '#contract/errors.ts';
import { ArrivingBody } from './arriving-body.ts';
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

  let known = new URL('http://127.0.0.1');

  async function guarded(input: string | URL | Request, init: RequestInit = {}): Promise<PlainResponse> {
    const address = input instanceof Request ? input.url : `${input}`;
    // The same few addresses are asked again and again.
    if (known.href !== address) known = new URL(address);
    const response = await send(agent, provider, limits, known, init);
    onHeadroom(readHeadroom(response.headers, Date.now()));
    if (response.status >= 300 && response.status < 400) {
      void response.body.cancel();
      throw new AppError(
        'provider/bad-answer',
        `${provider} sends requests on to another address, which is never followed with a key.`,
      );
    }
    if (response.ok && response.headers.get('content-type')?.startsWith('text/html')) {
      void response.body.cancel();
      throw new AppError('provider/bad-answer', `${provider} answers with a web page: is its address right?`);
    }
    return response;
  }
  return { fetch: guarded as unknown as typeof fetch, close: () => agent.destroy() };
}

/** Resolves when the answer begins. Rejects with the reason of its signal, or `provider/*`. */
function send(
  agent: Agent,
  provider: string,
  limits: FetchLimits,
  url: URL,
  { signal, method = 'GET', headers, body }: RequestInit,
): Promise<PlainResponse> {
  return new Promise((resolve, reject) => {
    let control: Dispatcher.DispatchController | null = null;
    let bytes = 0;
    const end = (thrown: Error) => {
      signal?.removeEventListener('abort', left);
      const error =
        thrown instanceof AppError
          ? thrown
          : signal?.aborted
            ? signal.reason
            : networkError(provider, thrown);
      reject(error);
      arriving.fail(error);
    };
    const stop = (reason: Error) => {
      control?.abort(reason);
      end(reason);
    };
    const left = () => stop(signal?.reason);
    const arriving = new ArrivingBody({
      pause: () => control?.pause(),
      resume: () => control?.resume(),
      abort: () => stop(new Error('Nobody reads on.')),
    });
    if (signal?.aborted) return reject(signal.reason);
    signal?.addEventListener('abort', left, { once: true });
    agent.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: method.toUpperCase() as 'GET',
        headers: plainHeaders(headers),
        body: (body as string | null | undefined) ?? null,
      },
      {
        onRequestStart(controller) {
          control = controller;
          if (signal?.aborted) controller.abort(signal.reason);
        },
        onResponseStart(_, status, answerHeaders) {
          if (status >= 200) resolve(new PlainResponse(status, answerHeaders, arriving));
        },
        onResponseData(_, chunk) {
          bytes += chunk.length;
          if (bytes <= limits.mostBytes) return arriving.push(chunk);
          stop(
            new AppError(
              'provider/bad-answer',
              `${provider} answers with more than ${limits.mostBytes} bytes.`,
            ),
          );
        },
        onResponseEnd() {
          signal?.removeEventListener('abort', left);
          arriving.end();
        },
        onResponseError: (_, error) => end(error),
      },
    );
  });
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
