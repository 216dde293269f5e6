import { connect } from 'node:net';
import OpenAI from 'openai';
import { afterEach, expect, test, vi } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { newKey, startScriptedApi } from '#testing/scripted-api.ts';

type Api = Awaited<ReturnType<typeof startScriptedApi>>;
let api: Api | undefined;
const start = async (options?: Parameters<typeof startScriptedApi>[0]) => {
  api = await startScriptedApi(options);
  return api;
};
afterEach(async () => {
  await api?.close();
  api = undefined;
});

const ask = (content = 'Which capital?', more: object = {}) => ({
  model: 'scripted',
  messages: [{ role: 'user', content }],
  ...more,
});

async function codeOf(response: Response): Promise<[status: number, code: string, field?: string]> {
  const body = await response.json();
  const code = body.error?.code ?? body.details?.code;
  const field = body.error?.param ?? body.details?.field;
  return field ? [response.status, code, field] : [response.status, code];
}

test('the official client gets a whole answer and a stream with its usage', async () => {
  const { url } = await start();
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'slm-key', maxRetries: 0 });
  const question = { model: 'scripted', messages: [{ role: 'user' as const, content: 'Which capital?' }] };
  const answer = await client.chat.completions.create(question);
  expect(answer.choices[0]?.message.content).toBe('The capital is Paris.');
  expect(answer.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 4, total_tokens: 6 });
  let text = '';
  let usage: unknown;
  for await (const chunk of await client.chat.completions.create({
    ...question,
    stream: true,
    stream_options: { include_usage: true },
  })) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  expect(text).toBe('The capital is Paris.');
  expect(usage).toEqual(answer.usage);
  const completion = await client.completions.create({ model: 'scripted', prompt: 'Paris', max_tokens: 2 });
  expect(completion.choices[0]).toMatchObject({ text: 'The capital ', finish_reason: 'length' });
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['scripted']);
});

test.each([
  ['malformed JSON', '{"model": ', [400, 'request/malformed-json']],
  ['no JSON at all', '\xff\xfe', [400, 'request/malformed-json']],
  ['an unknown model', ask('x', { model: 'gpt-9' }), [404, 'inference/unknown-model', 'model']],
  ['max_tokens 0', ask('x', { max_tokens: 0 }), [400, 'request/invalid', 'max_tokens']],
  ['max_tokens 10⁹', ask('x', { max_tokens: 1e9 }), [400, 'request/invalid', 'max_tokens']],
  [
    'NaN temperature',
    '{"model":"scripted","messages":[{"role":"user","content":"x"}],"temperature":NaN}',
    [400, 'request/malformed-json'],
  ],
  ['a temperature that is text', ask('x', { temperature: 'NaN' }), [400, 'request/invalid', 'temperature']],
  ['an unknown field', ask('x', { temprature: 1 }), [400, 'request/invalid', 'temprature']],
  ['no messages', ask('x', { messages: [] }), [400, 'request/invalid', 'messages']],
  [
    'a tool without a name',
    ask('x', { tools: [{ type: 'function' }] }),
    [400, 'request/invalid', 'tools.0.function'],
  ],
  [
    'a tool’s arguments that are no text',
    {
      model: 'scripted',
      messages: [
        {
          role: 'assistant',
          tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: {} } }],
        },
      ],
    },
    [400, 'request/invalid', 'messages.0.tool_calls.0.function.arguments'],
  ],
  ['10,000 stop strings', ask('x', { stop: Array(10_000).fill('x') }), [400, 'request/invalid', 'stop']],
  ['n of 1,000', ask('x', { n: 1000 }), [400, 'request/invalid', 'n']],
  [
    'a logit bias of a word',
    ask('x', { logit_bias: { cat: 1 } }),
    [400, 'request/invalid', 'logit_bias.cat'],
  ],
  [
    'a format without a schema',
    ask('x', { response_format: { type: 'json_schema' } }),
    [400, 'request/invalid', 'response_format.json_schema'],
  ],
  [
    'a tip of half a lamport',
    ask('x', { metadata: { tip_lamports: '0.5' } }),
    [400, 'request/invalid', 'metadata.tip_lamports'],
  ],
  ['a prompt over the context', ask('word '.repeat(200)), [400, 'inference/context-too-long']],
  ['a 5 MB prompt', ask('x'.repeat(5_000_000)), [413, 'request/too-large']],
])('%s is refused with a clear error', async (_name, body, expected) => {
  const { post, booked } = await start();
  expect(await codeOf(await post('/v1/chat/completions', body))).toEqual(expected);
  expect(booked).toEqual([]);
});

test('several choices, calls of tools and vectors come as the official client reads them', async () => {
  const toolCalls = [{ id: 'call-1', name: 'weather', arguments: '{"city":"Rome"}' }];
  const { url, booked } = await start({ parallel: 3, toolCalls });
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'slm-key', maxRetries: 0 });
  const question = {
    model: 'scripted',
    messages: [{ role: 'user' as const, content: 'Weather?' }],
    tools: [{ type: 'function' as const, function: { name: 'weather' } }],
    n: 3,
  };
  const answer = await client.chat.completions.create(question);
  expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(answer.choices[2]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { tool_calls: [{ id: 'call-1', function: { name: 'weather', arguments: '{"city":"Rome"}' } }] },
  });
  expect(answer.usage?.completion_tokens).toBe(12);
  const final = await client.chat.completions.stream(question).finalChatCompletion();
  expect(final.choices.map(({ message }) => message.tool_calls?.length)).toEqual([1, 1, 1]);
  expect(booked[1]?.text).toBe(booked[0]?.text);
  const { data } = await client.embeddings.create({ model: 'scripted', input: ['one', 'three'] });
  expect(data.map(({ embedding }) => embedding)).toEqual([
    [3, 1],
    [5, 1],
  ]);
});

test('embeddings of nothing are refused', async () => {
  const { post } = await start();
  for (const input of [[], '', ['']])
    expect((await codeOf(await post('/v1/embeddings', { model: 'scripted', input })))[1]).toBe(
      'request/invalid',
    );
});

test('what was asked before comes from the cache and is booked as such, but only where chance has no part', async () => {
  const { post, booked, started } = await start({ cacheBytes: 100_000 });
  const asked = (change: object) => post('/v1/chat/completions', ask('Paris?', change));
  const first = await asked({ temperature: 0 });
  const second = await asked({ temperature: 0 });
  expect(first.headers.get('x-solanalm-cache')).toBeNull();
  expect(second.headers.get('x-solanalm-cache')).toBe('hit');
  expect((await second.json()).choices).toEqual((await first.json()).choices);
  expect(await (await asked({ temperature: 0, stream: true })).text()).toContain('Paris.');
  await asked({ temperature: 1 });
  await asked({ temperature: 1 });
  expect(booked.map(({ isCacheHit }) => isCacheHit)).toEqual([false, true, true, false, false]);
  expect(started).toHaveLength(3);
});

test('without a key, with a wrong one, or at a wrong address there is no answer', async () => {
  const { post, url } = await start();
  expect(await codeOf(await post('/v1/chat/completions', ask(), {}))).toEqual([401, 'auth/missing']);
  expect(await codeOf(await post('/v1/chat/completions', ask(), { authorization: 'Bearer no' }))).toEqual([
    401,
    'auth/invalid-key',
  ]);
  expect(await codeOf(await post('/inference', { prompt: 'x' }, {}))).toEqual([401, 'auth/missing']);
  expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  expect((await fetch(`${url}/v1/chat/completions`)).status).toBe(404);
});

test('a gateway’s signature opens the door once, to the signed body, while it is fresh', async () => {
  const { post, signed, booked } = await start();
  const path = '/v1/chat/completions';
  const body = JSON.stringify(ask());
  const headers = signed('POST', path, body, { requestId: 'gw-1' });
  const answer = await post(path, body, headers);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-request-id')).toBe('gw-1');
  expect(booked[0]?.request.source).toMatchObject({ kind: 'gateway', payer: 'payer' });
  expect(await codeOf(await post(path, body, headers))).toEqual([401, 'auth/replayed']);
  expect(await codeOf(await post(path, `${body} `, signed('POST', path, body)))).toEqual([
    401,
    'auth/bad-signature',
  ]);
  const old = Math.floor(Date.now() / 1000) - 301;
  expect(await codeOf(await post(path, body, signed('POST', path, body, { timestamp: old })))).toEqual([
    401,
    'auth/expired',
  ]);
  expect(await codeOf(await post(path, body, signed('POST', path, body, { key: newKey() })))).toEqual([
    401,
    'auth/unknown-gateway',
  ]);
  expect(
    await codeOf(await post(path, body, { ...signed('POST', path, body), 'x-payer': 'another' })),
  ).toEqual([401, 'auth/bad-signature']);
  expect(booked).toHaveLength(1);
});

test('a dispatch whose deadline has passed never reaches the model', async () => {
  const { post, signed, started } = await start();
  const body = JSON.stringify(ask());
  const headers = signed('POST', '/v1/chat/completions', body, { deadlineMs: Date.now() - 1 });
  expect(await codeOf(await post('/v1/chat/completions', body, headers))).toEqual([
    504,
    'queue/deadline-passed',
  ]);
  expect(started).toEqual([]);
});

test('with a queue of 3 the fourth request is refused at once and told when to come again', async () => {
  const { post, jobs, next, started } = await start({ pace: 'stepped', queueLimit: 3, words: ['yes'] });
  const answers = ['one', 'two', 'three'].map((word) => post('/v1/chat/completions', ask(word)));
  await vi.waitFor(() => expect(jobs.waiting()).toBe(2));
  const refused = await post('/v1/chat/completions', ask('four'));
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await codeOf(refused)).toEqual([503, 'queue/full']);
  for (let turn = 1; turn <= 3; turn += 1) {
    await vi.waitFor(() => expect(started).toHaveLength(turn));
    next();
  }
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(started)).toEqual(new Set(['one', 'two', 'three']));
});

test('a client that leaves while it waits never reaches the model; one that leaves while it is served is booked', async () => {
  const { url, jobs, next, started, booked } = await start({ pace: 'stepped' });
  const leave = [new AbortController(), new AbortController()];
  const requests = leave.map((abort, index) =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer slm-key' },
      body: JSON.stringify(ask(`question ${index}`, { stream: true })),
      signal: abort.signal,
    }).catch(() => null),
  );
  await vi.waitFor(() => expect([jobs.running(), jobs.waiting()]).toEqual([1, 1]));
  const waiting = started[0] === 'question 0' ? 1 : 0;
  leave[waiting]?.abort();
  await vi.waitFor(() => expect(jobs.waiting()).toBe(0));
  next();
  await vi.waitFor(() => expect(jobs.jobs().some(({ generatedTokens }) => generatedTokens === 1)).toBe(true));
  leave[1 - waiting]?.abort();
  await vi.waitFor(() => expect(booked).toHaveLength(1));
  expect(booked[0]?.result).toMatchObject({ finishReason: 'cancelled', generatedTokens: 1 });
  expect(started).toHaveLength(1);
  await Promise.all(requests);
});

test('a gateway cancels its own job by id and gets the usage; another’s it cannot', async () => {
  const { url, post, signed, next, jobs } = await start({ pace: 'stepped' });
  const path = '/v1/chat/completions';
  const body = JSON.stringify(ask('x', { stream: true, stream_options: { include_usage: true } }));
  const answer = await Promise.all([
    post(path, body, signed('POST', path, body, { requestId: 'gw-7' })).then((response) => response.text()),
    (async () => {
      await vi.waitFor(() => expect(jobs.running()).toBe(1));
      next();
      const target = '/inference/gw-7';
      const cancelled = await fetch(url + target, {
        method: 'DELETE',
        headers: signed('DELETE', target, '', { requestId: 'gw-7' }),
      });
      expect(cancelled.status).toBe(200);
    })(),
  ]);
  expect(answer[0]).toContain('"finish_reason":"cancelled"');
  expect(answer[0]).toContain('"completion_tokens":1');
  expect(answer[0].trim().endsWith('data: [DONE]')).toBe(true);
  const gone = await fetch(`${url}/inference/gw-7`, {
    method: 'DELETE',
    headers: { authorization: 'Bearer slm-key' },
  });
  expect(gone.status).toBe(404);
});

test('a plain gateway’s unsigned request is served on /inference only, and ignored fields are named', async () => {
  const { post, booked } = await start({ gateway: 'plain' });
  const body = {
    request_id: 'r1',
    model: 'scripted',
    prompt: 'Which capital?',
    wallet_address: 'w1',
    future_field: 1,
  };
  const answer = await post('/inference', body, {});
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-ignored-fields')).toBe('future_field');
  expect(await answer.json()).toMatchObject({
    request_id: 'r1',
    response: 'The capital is Paris.',
    tokens_generated: 4,
    cost_sol: 0.000001,
  });
  expect(booked[0]?.request.source).toEqual({ kind: 'gateway', payer: 'w1', gatewayKey: null });
  expect(await codeOf(await post('/v1/chat/completions', ask(), {}))).toEqual([401, 'auth/missing']);
  expect(await codeOf(await post('/inference', { ...body, max_tokens: 5000 }, {}))).toEqual([
    400,
    'request/invalid',
    'max_tokens',
  ]);
});

test('over the rate the next request is refused with the time to wait; a wrong request costs no turn', async () => {
  const { post } = await start({ perMinute: 2 });
  expect((await post('/v1/chat/completions', '{')).status).toBe(400);
  const first = await post('/v1/chat/completions', ask());
  expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
  expect((await post('/v1/chat/completions', ask())).status).toBe(200);
  const third = await post('/v1/chat/completions', ask());
  expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await codeOf(third)).toEqual([429, 'rate/limited']);
});

test('a paused node says so: 503 on /health and on requests', async () => {
  const { url, post } = await start({
    gate: new AppError('node/paused', 'paused', { retryAfterSeconds: 60 }),
  });
  expect((await fetch(`${url}/health`)).status).toBe(503);
  const answer = await post('/v1/chat/completions', ask());
  expect(answer.headers.get('retry-after')).toBe('60');
  expect(await codeOf(answer)).toEqual([503, 'node/paused']);
});

test('half-closed and broken connections leave the server serving', async () => {
  const { port, post, url } = await start();
  for (const text of [
    'GARBAGE\r\n\r\n',
    'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"mo',
    `GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
  ])
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.end(text));
      socket.on('close', () => resolve());
      socket.on('error', () => resolve());
      socket.resume();
    });
  expect((await post('/v1/chat/completions', ask())).status).toBe(200);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('solanalm_generated_tokens_total 4');
});
