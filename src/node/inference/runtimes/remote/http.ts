import { createParser } from 'eventsource-parser';
import { AppError } from '#contract/errors.ts';
import type { RemoteServer } from '#contract/remote-server.ts';

const mostAnswerBytes = 16e6;
const mostFrameBytes = 1e6;

/** Calls a server. Rejects with an AppError for every failure, in the server's words where it has some. */
export async function callServer(
  server: RemoteServer,
  path: string,
  options: { body?: unknown; signal: AbortSignal },
): Promise<Response> {
  const { body, signal } = options;
  let response: Response;
  try {
    response = await fetch(server.url.replace(/\/$/, '') + path, {
      method: body === undefined ? 'GET' : 'POST',
      redirect: 'error',
      signal,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(server.apiKey ? { authorization: `Bearer ${server.apiKey}` } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (cause) {
    if (signal.aborted) throw new AppError('queue/cancelled', 'The request was cancelled.', { cause });
    throw new AppError('inference/crashed', `The server at ${server.url} does not answer.`, {
      cause,
      retryAfterSeconds: 5,
    });
  }
  if (response.ok) return response;
  throw refusal(server, response, await words(response));
}

/** Reads JSON of at most 16 MB. */
export async function readJson(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += (chunk as Uint8Array).length;
      if (size > mostAnswerBytes) throw badAnswer('its answer is too long');
      chunks.push(chunk as Uint8Array);
    }
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    if (thrown instanceof SyntaxError) throw badAnswer('it answers no JSON');
    throw brokenOff(thrown);
  }
}

/**
 * The `data` of each server-sent event, which may be cut anywhere, also within a character. Rejects with `inference/crashed` when the
 * connection breaks or says nothing for `silenceMs`, comments counting as words.
 */
export async function* eventData(response: Response, silenceMs: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  let ready: string[] = [];
  let unread = 0;
  const parser = createParser({
    onEvent({ data }) {
      ready.push(data);
      unread = 0;
    },
  });
  try {
    for (;;) {
      const { value, done } = await withinSilence(reader.read(), silenceMs);
      unread += value?.length ?? 0;
      // Some servers leave out the blank line after the last frame.
      parser.feed(done ? '\n\n' : decoder.decode(value, { stream: true }));
      yield* ready;
      ready = [];
      if (unread > mostFrameBytes) throw badAnswer('a frame of its answer is too long');
      if (done) return;
    }
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw brokenOff(thrown);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function withinSilence<T>(read: Promise<T>, silenceMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new AppError('inference/crashed', 'The server has stopped answering.', { retryAfterSeconds: 5 }),
        ),
      silenceMs,
    );
  });
  try {
    return await Promise.race([read, silence]);
  } finally {
    clearTimeout(timer);
  }
}

export const brokenOff = (cause?: unknown) =>
  new AppError('inference/crashed', 'The server broke off its answer.', { cause, retryAfterSeconds: 5 });

export const badAnswer = (why: string) =>
  new AppError('inference/failed', `The server’s answer cannot be used: ${why}.`);

/** What the server says of its refusal: OpenAI's, vLLM's and Triton's shapes. */
async function words(response: Response): Promise<string> {
  try {
    const body = (await readJson(response)) as {
      error?: string | { message?: string };
      message?: string;
      detail?: unknown;
    };
    const { error, message, detail } = body;
    const text = typeof error === 'string' ? error : (error?.message ?? message ?? detail ?? '');
    return (typeof text === 'string' ? text : JSON.stringify(text)).slice(0, 500);
  } catch {
    return '';
  }
}

function refusal(server: RemoteServer, { status, headers }: Response, text: string): AppError {
  const said = text === '' ? `it answers with status ${status}` : text;
  const retryAfterSeconds = Math.min(600, Number(headers.get('retry-after')) || 5);
  if (status === 401 || status === 403)
    return new AppError('inference/failed', `The server at ${server.url} does not take the key.`);
  if (status === 404) return new AppError('inference/unknown-model', `The server says: ${said}`);
  if (status === 429 || status === 503)
    return new AppError('inference/busy', `The server says: ${said}`, { retryAfterSeconds });
  if (status === 501) return new AppError('request/unsupported', `The server says: ${said}`);
  if (status < 500)
    return /context|too long|maximum.{0,20}length|exceed.{0,30}(token|length)/i.test(text)
      ? new AppError('inference/context-too-long', `The server says: ${said}`)
      : new AppError('request/invalid', `The server says: ${said}`);
  return new AppError('inference/failed', `The server says: ${said}`);
}
