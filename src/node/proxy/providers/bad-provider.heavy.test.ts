import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ProviderKind } from '#contract/provider.ts';
import { type ProviderServer, startProviderServer } from '#testing/provider-server.ts';
import { openProvider } from './open-provider.ts';
import type { ProviderClient } from './provider.ts';
import { createProviderFetch, defaultLimits, type FetchLimits } from './provider-fetch.ts';

/** What providers, or what stands before them, do and should not; over real sockets. */
const kinds = ['openai', 'anthropic', 'cohere', 'ollama'] as const;
type Kind = (typeof kinds)[number];
const apiKey = 'sk-test-0123456789abcd';
const replays = {} as Record<Kind, ProviderServer>;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  for (const kind of kinds) replays[kind] = await startProviderServer(kind);
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(async () => {
  for (const server of Object.values(replays)) await server.close();
});

async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function open(
  kind: ProviderKind,
  baseUrl: string,
  limits: FetchLimits = { idleMs: 400, mostBytes: 1e6 },
) {
  const { fetch, close } = createProviderFetch(kind, () => {}, limits);
  closers.push(close);
  return openProvider(kind, { baseUrl, apiKey, fetch });
}

async function ask(client: ProviderClient, isStreamed: boolean) {
  let text = '';
  const answer = await client.generate({
    model: 'some-model',
    request: {
      prompt: { kind: 'chat', messages: [{ role: 'user', content: 'What is the capital of France?' }] },
      sampling: { temperature: 0.2 },
      maxTokens: 40,
      stop: [],
    },
    isStreamed,
    signal: new AbortController().signal,
    onText: (piece) => {
      text += piece;
    },
  });
  return { ...answer, text };
}

const broken = { code: expect.stringMatching(/^provider\/(unreachable|bad-answer|failed)$/) };

describe.each(kinds)('%s', (kind) => {
  test('a whole answer that is cut in the middle of its JSON is an error, whether the connection breaks or ends', async () => {
    const client = await open(kind, replays[kind].url);
    for (const isCut of [true, false]) {
      replays[kind].queue({ fixture: 'chat', mostBytes: 120, isCut });
      await expect(ask(client, false)).rejects.toMatchObject(broken);
    }
  });

  test('a stream that is cut in the middle of a frame’s JSON is an error, wherever that is', async () => {
    const written = (['log', 'info', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name));
    const client = await open(kind, replays[kind].url);
    for (const mostBytes of [20, 150, 333, 700]) {
      replays[kind].queue({ fixture: 'chat-stream', mostBytes });
      await expect(ask(client, true)).rejects.toMatchObject(broken);
    }
    // Nothing of an answer is for the log.
    for (const one of written) expect(one).not.toHaveBeenCalled();
  });

  test('a redirect is not followed, and the key reaches no other host', async () => {
    const seen: string[] = [];
    const other = await serve((request, response) => {
      seen.push(JSON.stringify(request.headers));
      response.end('{}');
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const { url } = await serve((request, response) => {
        response.writeHead(status, { location: `${other.url}${request.url}` }).end();
      });
      const client = await open(kind, url);
      for (const isStreamed of [false, true])
        await expect(ask(client, isStreamed)).rejects.toMatchObject({ code: 'provider/bad-answer' });
      await expect(client.models(new AbortController().signal)).rejects.toMatchObject({
        code: 'provider/bad-answer',
      });
    }
    expect(seen).toEqual([]);
  });

  test('a web page is no answer, whatever its status', async () => {
    for (const [status, code] of [
      [200, 'provider/bad-answer'],
      [502, 'provider/failed'],
      [503, 'provider/overloaded'],
    ] as const) {
      const { url } = await serve((_, response) => {
        response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' });
        response.end('<!doctype html><title>Just a moment…</title><h1>Checking your browser</h1>');
      });
      const client = await open(kind, url);
      for (const isStreamed of [false, true])
        await expect(ask(client, isStreamed), `${status} ${isStreamed}`).rejects.toMatchObject({ code });
    }
  });

  test('a reply of 50 MB is given up at the limit, whole or as one frame', async () => {
    let written = 0;
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(1_000_000, 'x');
      const more = () => {
        while (written < 50e6) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end('"}');
      };
      response.write('{"text":"');
      more();
    });
    const client = await open(kind, url, { ...defaultLimits, mostBytes: 8e6 });
    for (const isStreamed of [false, true]) {
      written = 0;
      await expect(ask(client, isStreamed)).rejects.toMatchObject({ code: 'provider/bad-answer' });
      expect(written).toBeLessThan(50e6);
    }
  });
});

test('a key that has expired is told from one that may try again', async () => {
  const client = await open('openai', replays.openai.url);
  replays.openai.queue('expired-key');
  await expect(ask(client, false)).rejects.toMatchObject({ code: 'provider/auth' });
});

test('a character that is cut between two reads arrives whole', async () => {
  const text = 'Zoë: 🦊 狐';
  const frame = { choices: [{ index: 0, delta: { content: text }, finish_reason: 'stop' }] };
  const bytes = Buffer.from(`data: ${JSON.stringify(frame)}\n\ndata: [DONE]\n\n`);
  const { url } = await serve(async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const byte of bytes) {
      response.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  expect((await ask(await open('openai', url), true)).text).toBe(text);
});

test('a pause that is asked for as a date is meant by the provider’s clock, which may be off', async () => {
  const there = Date.now() - 26 * 3_600_000;
  const { url } = await serve((_, response) => {
    response.writeHead(429, {
      'content-type': 'application/json',
      date: new Date(there).toUTCString(),
      'retry-after': new Date(there + 4000).toUTCString(),
    });
    response.end('{"error":{"message":"Slow down.","type":"requests","code":"rate_limit_exceeded"}}');
  });
  await expect(ask(await open('openai', url), false)).rejects.toMatchObject({
    code: 'provider/rate-limited',
    retryAfterSeconds: 4,
  });
});

test('an Ollama that unloads its model in between says so, before its answer and within it', async () => {
  const client = await open('ollama', replays.ollama.url);
  replays.ollama.queue('unloaded', 'chat-stream-unloaded');
  for (const isStreamed of [false, true])
    await expect(ask(client, isStreamed)).rejects.toMatchObject({ code: 'provider/failed' });
  expect((await ask(client, false)).text).toContain('Paris');
});
