import { afterEach, expect, test, vi } from 'vitest';
import type { RemoteServer } from '#contract/remote-server.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { inPieces, startRemoteServer, streams } from '#testing/remote-servers.ts';
import type { GenerateRequest, LoadOptions } from '../../runtime.ts';
import { createOpenAiDialect } from './openai-dialect.ts';
import { createRemoteRuntime } from './remote-runtime.ts';

const never = new AbortController().signal;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const options = (modelId: string): LoadOptions => ({
  modelId,
  path: modelId,
  contextSize: 'auto',
  parallelRequests: 'auto',
  threads: 'auto',
  gpu: 'auto',
});

const chat = (content: string, more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  prompt: { kind: 'chat', messages: [{ role: 'user', content }] },
  sampling: { temperature: 0 },
  maxTokens: 60,
  stop: [],
  ...more,
});

async function start(kind: RemoteServer['kind'], silenceMs?: number) {
  const server = await startRemoteServer(kind);
  const time = createFakeClock();
  const remote: RemoteServer = {
    kind,
    url: server.url,
    model: kind === 'triton' ? 'ensemble' : 'qwen3',
    apiKey: 'secret',
  };
  const runtime = createRemoteRuntime(remote, {
    clock: time.clock,
    ...(silenceMs === undefined ? {} : { dialect: createOpenAiDialect(remote, silenceMs) }),
  });
  closing.push(
    () => server.close(),
    () => runtime.dispose(),
  );
  const load = () => runtime.load(options('served'));
  const ask = async (request = chat('Capital?'), signal = never) => {
    let text = '';
    const result = await runtime.generate(
      request,
      {
        onText: (piece) => {
          text += piece;
        },
      },
      signal,
    );
    return { text, result };
  };
  return { server, runtime, time, load, ask };
}

test.each([
  ['vllm', { backend: 'vLLM 0.11.0', contextSize: 32768, parallelRequests: 8 }],
  ['tensorrt-llm', { backend: 'TensorRT-LLM', contextSize: 4096, parallelRequests: 8 }],
  ['triton', { backend: 'Triton 2.60.0', contextSize: 4096, parallelRequests: 8 }],
  ['openai', { backend: 'llama-server', contextSize: 2048, parallelRequests: 4 }],
] as const)('%s: what it says of itself is shown', async (kind, facts) => {
  const { runtime, load } = await start(kind);
  expect(await load()).toMatchObject(facts);
  expect(runtime.engine.get()).toMatchObject({ ...facts, state: 'ready', modelId: 'served' });
});

test.each(['vllm', 'tensorrt-llm', 'openai'] as const)('%s: a chat streams with its usage', async (kind) => {
  const { server, load, ask } = await start(kind);
  await load();
  const { text, result } = await ask();
  expect(text).toBe('The capital is Zürich.');
  expect(result).toEqual({ promptTokens: 11, cachedTokens: 8, generatedTokens: 4, finishReason: 'stop' });
  const sent = server.calls.at(-1);
  expect(sent?.headers.authorization).toBe('Bearer secret');
  expect(sent?.body).toMatchObject({
    model: 'qwen3',
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0,
    max_tokens: 60,
  });
});

test('Triton: a plain prompt streams; a piece counts as a token', async () => {
  const { server, runtime, load, ask } = await start('triton');
  await load();
  expect(runtime.lacks().has('chat')).toBe(true);
  const { text, result } = await ask(
    chat('', { prompt: { kind: 'completion', prompt: 'Capital?' }, stop: ['\n'] }),
  );
  expect(text).toBe('The capital is Paris.');
  expect(result).toMatchObject({ generatedTokens: 4, finishReason: 'stop' });
  expect(server.calls.at(-1)).toMatchObject({
    path: '/v2/models/ensemble/generate_stream',
    body: { text_input: 'Capital?', max_tokens: 60, top_k: 1, stop_words: ['\n'] },
  });
  await expect(ask()).rejects.toMatchObject({ code: 'request/unsupported' });
});

test.each([1, 7, 100])('a stream in pieces of %i bytes reads the same', async (size) => {
  const { server, load, ask } = await start('vllm');
  await load();
  server.generate(inPieces(streams.whole, size));
  expect((await ask()).text).toBe('The capital is Zürich.');
});

test('every field of a request is passed on in the server’s words', async () => {
  const { server, load, ask } = await start('vllm');
  await load();
  await ask({
    prompt: {
      kind: 'chat',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'weather', arguments: '{}' }] },
        { role: 'tool', content: 'sunny', toolCallId: 'c1' },
      ],
      tools: [{ name: 'weather', parameters: { type: 'object' } }],
      toolChoice: { name: 'weather' },
    },
    sampling: {
      temperature: 1,
      topP: 0.9,
      topK: 5,
      minP: 0.1,
      seed: 7,
      presencePenalty: 1,
      logitBias: { 5: -100 },
    },
    maxTokens: null,
    stop: ['END'],
    format: { kind: 'json-schema', schema: { type: 'string' } },
  });
  expect(server.calls.at(-1)?.body).toMatchObject({
    top_p: 0.9,
    top_k: 5,
    min_p: 0.1,
    seed: 7,
    presence_penalty: 1,
    logit_bias: { 5: -100 },
    stop: ['END'],
    response_format: { type: 'json_schema', json_schema: { schema: { type: 'string' } } },
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'assistant',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'sunny' },
    ],
    tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
    tool_choice: { type: 'function', function: { name: 'weather' } },
  });
});

test('calls that come in pieces are put together', async () => {
  const { server, load, ask } = await start('vllm');
  await load();
  server.generate(streams.toolCalls);
  expect((await ask()).result).toMatchObject({
    finishReason: 'tool_calls',
    toolCalls: [
      { id: 'chatcmpl-tool-1', name: 'weather', arguments: '{"city":"Rome"}' },
      { id: 'chatcmpl-tool-2', name: 'time', arguments: '{}' },
    ],
  });
});

test('comments, CRLF, a missing last blank line and missing usage do no harm', async () => {
  const { server, load, ask } = await start('openai');
  await load();
  server.generate(streams.commented);
  expect(await ask()).toMatchObject({ text: 'Hello', result: { finishReason: 'stop', generatedTokens: 4 } });
  server.generate(streams.withoutUsage);
  expect(await ask()).toMatchObject({
    text: 'One two',
    result: { finishReason: 'length', generatedTokens: 2 },
  });
});

test.each([
  ['is cut in the middle', streams.cut, 'inference/crashed'],
  ['ends without a reason', streams.endsEarly, 'inference/crashed'],
  ['goes silent', streams.silent, 'inference/crashed'],
  ['tells an error', streams.error, 'inference/failed'],
  ['is no JSON', streams.noJson, 'inference/failed'],
  ['never ends its line', streams.endless, 'inference/failed'],
])('a stream that %s is an error, not an answer', async (_what, stream, code) => {
  const { server, load, ask } = await start('vllm', 300);
  await load();
  server.generate(stream);
  await expect(ask()).rejects.toMatchObject({ code });
});

const refused = (status: number, message: string, headers = {}) => ({
  status,
  headers,
  body: JSON.stringify({ error: { message, type: 'x', param: null, code: status } }),
});
test.each([
  [refused(429, 'Too many requests', { 'retry-after': '17' }), 'inference/busy', 17],
  [refused(503, 'overloaded'), 'inference/busy', 5],
  [refused(500, 'Internal Server Error'), 'inference/failed', undefined],
  [refused(401, 'Unauthorized'), 'inference/failed', undefined],
  [refused(404, 'The model `qwen3` does not exist.'), 'inference/unknown-model', undefined],
  [
    refused(400, "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens"),
    'inference/context-too-long',
    undefined,
  ],
  [refused(400, 'temperature must be non-negative'), 'request/invalid', undefined],
])('%j is told as what it is', async (answer, code, retryAfterSeconds) => {
  const { server, load, ask } = await start('vllm');
  await load();
  server.generate(answer);
  await expect(ask()).rejects.toMatchObject({ code, retryAfterSeconds });
});

test('a cancelled request ends at the server too, and says what came', async () => {
  const { server, load, ask } = await start('vllm');
  await load();
  server.generate([...streams.whole.slice(0, 3), 60_000]);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 100);
  const { text, result } = await ask(chat('x'), abort.signal);
  expect(text).toBe('The capital ');
  expect(result).toMatchObject({ finishReason: 'cancelled', generatedTokens: 2 });
});

test('vectors come in the order of their inputs; a server without them is remembered', async () => {
  const able = await start('openai');
  await able.load();
  expect(await able.runtime.embed(['a', 'b'], never)).toEqual({
    vectors: [
      [1, 0],
      [0, 1],
    ],
    promptTokens: 5,
  });
  const unable = await start('vllm');
  await unable.load();
  expect(unable.runtime.lacks().has('embeddings')).toBe(false);
  await expect(unable.runtime.embed(['a'], never)).rejects.toMatchObject({ code: 'request/invalid' });
  expect(unable.runtime.lacks().has('embeddings')).toBe(true);
});

test('its figures are read while it serves', async () => {
  const vllm = await start('vllm');
  await vllm.load();
  vllm.time.advance(5000);
  await vi.waitFor(() =>
    expect(vllm.runtime.engine.get().server).toEqual({ running: 4, waiting: 7, cacheUse: 0.25 }),
  );
  const tensorRt = await start('tensorrt-llm');
  await tensorRt.load();
  tensorRt.time.advance(5000);
  await vi.waitFor(() =>
    expect(tensorRt.runtime.engine.get().server).toEqual({ running: 5, waiting: 2, cacheUse: 0.3 }),
  );
});

test('a server that goes away is told, and serves on when it is back', async () => {
  const { server, runtime, time, load, ask } = await start('vllm');
  await load();
  await server.close();
  await vi.waitFor(() => expect(time.nextMs()).toBe(5000));
  time.advance(5000);
  await vi.waitFor(() => expect(runtime.engine.get().state).toBe('restarting'));
  await expect(ask()).rejects.toMatchObject({ code: 'inference/crashed', retryAfterSeconds: 5 });
  const again = await startRemoteServer('vllm', server.port);
  closing.push(() => again.close());
  await vi.waitFor(() => expect(time.nextMs()).toBe(5000));
  time.advance(5000);
  await vi.waitFor(() =>
    expect(runtime.engine.get()).toMatchObject({ state: 'ready', restarts: 1, error: null }),
  );
  expect((await ask()).text).toContain('Zürich');
});

test('a server that is still loading is waited for; one without the model is refused at once', async () => {
  const { server, time, load } = await start('vllm');
  server.answer('GET /health', { status: 503, body: '' });
  const loading = load();
  await vi.waitFor(() => expect(time.nextMs()).toBe(500));
  server.answer('GET /health', { body: '' });
  time.advance(500);
  expect(await loading).toMatchObject({ backend: 'vLLM 0.11.0' });
  server.answer('GET /v1/models', { body: '{"data":[{"id":"another"}]}' });
  await expect(load()).rejects.toMatchObject({
    code: 'inference/unknown-model',
    message: expect.stringContaining('it has “another”'),
  });
});
