import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ProviderKind } from '#contract/provider.ts';
import { type ProviderServer, type Reply, startProviderServer } from '#testing/provider-server.ts';
import type { GenerateRequest } from '../../inference/runtime.ts';
import { openProvider } from './open-provider.ts';
import type { ProviderClient } from './provider.ts';
import { createProviderFetch } from './provider-fetch.ts';
import type { Headroom } from './rate-headers.ts';

type Kind = Exclude<ProviderKind, 'openai-compatible'>;
const kinds: readonly Kind[] = ['openai', 'anthropic', 'cohere', 'ollama'];
const servers = {} as Record<Kind, ProviderServer>;
const clients = {} as Record<Kind, ProviderClient>;
const heard: Headroom[] = [];
const closers: (() => Promise<void>)[] = [];
const never = new AbortController().signal;

beforeAll(async () => {
  for (const kind of kinds) {
    servers[kind] = await startProviderServer(kind);
    const { fetch, close } = createProviderFetch(kind, (headroom) => heard.push(headroom), {
      idleMs: 400,
      mostBytes: 50_000,
    });
    closers.push(close);
    clients[kind] = await openProvider(kind, {
      baseUrl: servers[kind].url,
      apiKey: 'sk-test-0123456789abcd',
      fetch,
    });
  }
});
afterAll(async () => {
  for (const close of closers) await close();
  for (const server of Object.values(servers)) await server.close();
});
afterEach(() => {
  for (const server of Object.values(servers)) server.requests.length = 0;
});

const weather = {
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const request = (more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  prompt: {
    kind: 'chat',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is the capital of France?' },
    ],
  },
  sampling: { temperature: 0.2, seed: 7, topP: 0.9 },
  maxTokens: 40,
  stop: ['\n\n'],
  ...more,
});

async function ask(kind: Kind, isStreamed: boolean, more: Partial<GenerateRequest> = {}, signal = never) {
  const texts: string[] = [];
  const answer = await clients[kind].generate({
    model: 'some-model',
    request: request(more),
    isStreamed,
    signal,
    onText: (text) => void texts.push(text),
  });
  return { ...answer, texts, text: texts.join('') };
}
const askFor = (kind: Kind, reply: string | Reply, isStreamed = false) => {
  servers[kind].queue(reply);
  return ask(kind, isStreamed);
};

describe.each(kinds)('%s', (kind) => {
  test('a whole answer and a stream say the same and count the same', async () => {
    const whole = await ask(kind, false);
    expect(whole).toMatchObject({ text: 'The capital of France is Paris.', finishReason: 'stop' });
    for (const pieceBytes of [1_000_000, 7, 1]) {
      servers[kind].queue({ fixture: 'chat-stream', pieceBytes });
      const streamed = await ask(kind, true);
      expect(streamed.text).toBe(whole.text);
      expect(streamed.texts.length).toBeGreaterThan(2);
      expect(streamed.usage).toEqual(whole.usage);
    }
    expect(whole.usage?.prompt).toBeGreaterThan(5);
  });

  test('the system prompt, limits and stop words arrive as this API has them', async () => {
    await ask(kind, false);
    const { body } = servers[kind].requests.at(-1) ?? { body: {} };
    expect(JSON.stringify(body)).toContain('Be brief.');
    expect(JSON.stringify(body)).toContain('\\n\\n');
    expect(JSON.stringify(body)).toMatch(/"(max_tokens|max_completion_tokens|num_predict)":40/);
  });

  test('tools are offered, called and answered', async () => {
    const tools = {
      prompt: {
        kind: 'chat' as const,
        messages: [{ role: 'user' as const, content: 'Weather?' }],
        tools: [weather],
      },
    };
    const streamedTools = kind === 'ollama' ? [] : [{ fixture: 'chat-stream-tools', isStreamed: true }];
    for (const { fixture, isStreamed } of [{ fixture: 'tools', isStreamed: false }, ...streamedTools]) {
      servers[kind].queue(fixture);
      const { toolCalls, finishReason } = await ask(kind, isStreamed, tools);
      expect(finishReason).toBe('tool_calls');
      expect(toolCalls).toHaveLength(1);
      expect(JSON.parse(toolCalls?.[0]?.arguments ?? '')).toEqual({ city: 'Paris' });
    }
    expect(JSON.stringify(servers[kind].requests[0]?.body)).toContain('get_weather');
    await ask(kind, false, {
      prompt: {
        kind: 'chat',
        tools: [weather],
        messages: [
          { role: 'user', content: 'Weather?' },
          {
            role: 'assistant',
            content: '',
            toolCalls: [{ id: 'c1', name: 'get_weather', arguments: '{"city":"Paris"}' }],
          },
          { role: 'tool', toolCallId: 'c1', content: 'rain' },
        ],
      },
    });
    expect(JSON.stringify(servers[kind].requests.at(-1)?.body)).toContain('rain');
  });

  test('an image goes along', async () => {
    await ask(kind, false, {
      prompt: {
        kind: 'chat',
        messages: [
          {
            role: 'user',
            content: 'What is this?',
            parts: [
              { kind: 'text', text: 'What is this?' },
              { kind: 'image', url: 'data:image/png;base64,iVBORw0KGgo=' },
            ],
          },
        ],
      },
    });
    expect(JSON.stringify(servers[kind].requests.at(-1)?.body)).toContain('iVBORw0KGgo=');
  });

  test('lists its models with the key', async () => {
    const models = await clients[kind].models(never);
    expect(models.length).toBeGreaterThan(0);
    const [seen] = servers[kind].requests;
    expect(seen?.headers['x-api-key'] ?? seen?.headers.authorization).toContain('sk-test-0123456789abcd');
  });

  test('a stream that is cut is an error, whatever came before', async () => {
    for (const reply of [
      { fixture: 'chat-stream-cut' },
      { fixture: 'chat-stream-cut', isCut: true },
      { fixture: 'chat-stream', hangsAfterBytes: 300 },
    ]) {
      const failed = askFor(kind, reply, true);
      await expect(failed).rejects.toMatchObject({
        code: expect.stringMatching(/^provider\/(unreachable|stalled|bad-answer|failed)$/),
      });
    }
  });

  test('a silent server is given up, a closed port is unreachable', async () => {
    await expect(askFor(kind, { fixture: 'chat', hangsAfterBytes: 0 })).rejects.toMatchObject({
      code: 'provider/stalled',
    });
  });

  test('who leaves ends the request', async () => {
    const left = new AbortController();
    servers[kind].queue({ fixture: 'chat-stream', pieceBytes: 40, pauseMs: 30 });
    const asking = ask(kind, true, {}, left.signal);
    setTimeout(() => left.abort(), 150);
    await expect(asking).rejects.toMatchObject({ code: 'queue/cancelled' });
  });
});

test.each<[Kind, string, string]>([
  ['openai', 'wrong-key', 'provider/auth'],
  ['openai', 'quota', 'provider/quota'],
  ['openai', 'rate-limited', 'provider/rate-limited'],
  ['openai', 'context-too-long', 'inference/context-too-long'],
  ['openai', 'content-refused', 'provider/content-refused'],
  ['openai', 'content-filter', 'provider/content-refused'],
  ['openai', 'bad-request', 'provider/bad-request'],
  ['openai', 'no-model', 'provider/no-model'],
  ['openai', 'server-error', 'provider/failed'],
  ['openai', 'overloaded', 'provider/overloaded'],
  ['openai', 'web-page', 'provider/bad-answer'],
  ['openai', 'not-json', 'provider/bad-answer'],
  ['openai', 'redirect', 'provider/bad-answer'],
  ['anthropic', 'wrong-key', 'provider/auth'],
  ['anthropic', 'quota', 'provider/quota'],
  ['anthropic', 'rate-limited', 'provider/rate-limited'],
  ['anthropic', 'overloaded', 'provider/overloaded'],
  ['anthropic', 'context-too-long', 'inference/context-too-long'],
  ['anthropic', 'refusal', 'provider/content-refused'],
  ['anthropic', 'no-model', 'provider/no-model'],
  ['cohere', 'wrong-key', 'provider/auth'],
  ['cohere', 'quota', 'provider/quota'],
  ['cohere', 'rate-limited', 'provider/rate-limited'],
  ['cohere', 'context-too-long', 'inference/context-too-long'],
  ['cohere', 'server-error', 'provider/failed'],
  ['ollama', 'no-model', 'provider/no-model'],
  ['ollama', 'busy', 'provider/overloaded'],
  ['ollama', 'server-error', 'provider/failed'],
])('%s: %s is %s', async (kind, fixture, code) => {
  const error = await askFor(kind, fixture).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code });
  expect((error as Error).message).not.toMatch(/sk-/);
  if (fixture === 'rate-limited' && kind !== 'cohere') expect(error).toMatchObject({ retryAfterSeconds: 1 });
});

test.each<[Kind, string, string]>([
  ['openai', 'chat-stream-error', 'provider/failed'],
  ['anthropic', 'chat-stream-overloaded', 'provider/overloaded'],
  ['ollama', 'chat-stream-unloaded', 'provider/failed'],
])('%s: an error in the middle of a stream (%s) is %s', async (kind, fixture, code) => {
  await expect(askFor(kind, fixture, true)).rejects.toMatchObject({ code });
});

test.each(['usage-missing', 'usage-null', 'usage-negative', 'usage-absurd'])(
  '%s is no usage',
  async (fixture) => {
    expect((await askFor('openai', fixture)).usage).toBeNull();
  },
);

test('a stream without usage has none', async () => {
  expect((await askFor('openai', 'chat-stream-without-usage', true)).usage).toBeNull();
});

test('cached, written and reasoning tokens are told apart', async () => {
  expect((await askFor('openai', 'chat-cached-and-reasoning')).usage).toEqual({
    prompt: 2006,
    cached: 1920,
    cacheWrite: 0,
    completion: 300,
    reasoning: 256,
  });
  expect((await askFor('anthropic', 'chat-prompt-cache')).usage).toEqual({
    prompt: 2061,
    cached: 1800,
    cacheWrite: 240,
    completion: 4,
    reasoning: 0,
  });
});

test('texts go on and become vectors', async () => {
  const text = { prompt: { kind: 'completion' as const, prompt: 'The capital of France is' } };
  for (const kind of ['openai', 'ollama'] as const)
    for (const isStreamed of [false, true]) expect((await ask(kind, isStreamed, text)).text).toBe(' Paris.');
  for (const kind of ['openai', 'cohere', 'ollama'] as const) {
    const { vectors, usage } = await clients[kind].embed('m', ['Hello'], never);
    expect(vectors[0]).toHaveLength(4);
    expect(usage?.prompt).toBeGreaterThan(1);
  }
  await expect(clients.anthropic.embed('m', ['Hello'], never)).rejects.toMatchObject({
    code: 'request/unsupported',
  });
});

test('an answer that is too long is given up', async () => {
  const { createServer } = await import('node:http');
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = () => {
      while (response.write('x'.repeat(65_536)));
      response.once('drain', more);
    };
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { fetch, close } = createProviderFetch('endless', () => {}, { idleMs: 1000, mostBytes: 1_000_000 });
  const client = await openProvider('openai-compatible', {
    baseUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    apiKey: null,
    fetch,
  });
  const asking = client.generate({
    model: 'm',
    request: request(),
    isStreamed: false,
    signal: never,
    onText() {},
  });
  await expect(asking).rejects.toMatchObject({ code: 'provider/bad-answer' });
  await close();
  server.closeAllConnections();
  server.close();
});

test('what is left of the provider’s limits is read from its answers', async () => {
  heard.length = 0;
  await ask('openai', false);
  expect(heard[0]).toMatchObject({ requests: { left: 499 }, tokens: { left: 199_950 } });
  await ask('anthropic', false);
  expect(heard[1]).toMatchObject({ requests: { left: 49 } });
});

const llamaServer = process.env.LLAMA_SERVER;
test.skipIf(!llamaServer)('a real llama-server answers as an OpenAI-compatible provider', async () => {
  const model = new URL('../../../../resources/models/tiny-chat-Q8_0.gguf', import.meta.url).pathname;
  const { spawn } = await import('node:child_process');
  const port = 18_097;
  const child = spawn(
    llamaServer ?? '',
    ['-m', model, '-t', '1', '--port', `${port}`, '-c', '1024', '--no-webui'],
    {
      stdio: 'ignore',
    },
  );
  const { fetch, close } = createProviderFetch('llama', () => {});
  const client = await openProvider('openai-compatible', {
    baseUrl: `http://127.0.0.1:${port}`,
    apiKey: null,
    fetch,
  });
  try {
    const [id = ''] = await vi.waitFor(() => client.models(never), { timeout: 15_000, interval: 200 });
    for (const isStreamed of [false, true]) {
      let text = '';
      const answer = await client.generate({
        model: id,
        request: request({
          sampling: { temperature: 0 },
          stop: [],
          prompt: { kind: 'chat', messages: [{ role: 'user', content: 'What is the capital of France?' }] },
        }),
        isStreamed,
        signal: never,
        onText: (piece) => {
          text += piece;
        },
      });
      expect(text).toContain('Paris');
      expect(answer.usage?.completion).toBeGreaterThan(3);
    }
  } finally {
    await close();
    child.kill();
  }
});
