import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Provider, ProxyConfig } from '#contract/provider.ts';
import { unwrap } from '#contract/result.ts';
import { createHost, type Host } from '#node/host.ts';
import { type ProviderServer, startProviderServer } from '#testing/provider-server.ts';

/** A proxy node as its clients meet it: official SDKs in front, recorded replies behind, real sockets between. */
const openaiKey = 'sk-proj-a-secret-that-must-not-leak-1234';
let profile: string;
let host: Host;
let api: string;
let gateway: string;
let openai: ProviderServer;
let anthropic: ProviderServer;
let client: OpenAI;

const call = async (name: string, input: unknown = {}) => unwrap(await host.contract.request(name, input));
const provider = (id: string, server: ProviderServer, more: Partial<Provider> = {}): Provider => ({
  id,
  kind: id as Provider['kind'],
  baseUrl: server.url,
  enabled: true,
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrent: null,
  modelLimits: {},
  dayBudgetMicroUsd: null,
  monthBudgetMicroUsd: null,
  ...more,
});
const both = {
  name: 'both',
  targets: [
    { provider: 'openai', model: 'gpt-4o-mini', weight: 1 },
    { provider: 'anthropic', model: 'claude-haiku-4-5', weight: 1 },
  ],
};
const configure = (patch: Partial<ProxyConfig>) => call('providers.configure', patch);
const question = {
  messages: [{ role: 'user' as const, content: 'What is the capital of France?' }],
  max_tokens: 20,
};
const ask = (model: string, more: object = {}) =>
  client.chat.completions.create({ model, ...question, ...more }).withResponse();
const answerer = async (model: string, more: object = {}) =>
  (await ask(model, more)).response.headers.get('x-solanalm-provider');
const posts = (server: ProviderServer) => server.requests.filter(({ method }) => method === 'POST').length;
const failure = (promise: PromiseLike<unknown>) =>
  Promise.resolve(promise).then(
    () => null,
    (thrown: unknown) => thrown as InstanceType<typeof OpenAI.APIError>,
  );

beforeAll(async () => {
  profile = mkdtempSync(join(tmpdir(), 'solanalm-proxy-'));
  openai = await startProviderServer('openai');
  anthropic = await startProviderServer('anthropic');
  host = await createHost({ profileDir: profile, logLevel: 'silent' });
  await call('providers.set', { provider: provider('openai', openai), key: openaiKey });
  await call('providers.set', { provider: provider('anthropic', anthropic), key: 'sk-ant-0123456789ab' });
  await configure({ solPrice: { kind: 'fixed', microUsd: 150_000_000 }, routes: [both] });
  await call('settings.update', {
    onboarded: true,
    apiPort: 0,
    serveOwnModels: false,
    testRequestsPerMinute: 0,
    requestsPerMinutePerKey: 100_000,
  });
  await call('node.start');
  const status = host.controller.status.get();
  if (status.apiUrl === null || status.link.state !== 'registered') throw new Error('the node did not start');
  api = status.apiUrl;
  gateway = status.link.url;
  client = new OpenAI({ baseURL: `${api}/v1`, apiKey: host.apiKey(), maxRetries: 0 });
});
afterAll(async () => {
  await host.dispose();
  await openai.close();
  await anthropic.close();
  rmSync(profile, { recursive: true, force: true });
});
/** A provider that is set anew has no failures behind it. */
beforeEach(async () => {
  openai.requests.length = 0;
  anthropic.requests.length = 0;
  await call('providers.set', { provider: provider('openai', openai) });
  await call('providers.set', { provider: provider('anthropic', anthropic) });
  await configure({ dayBudgetMicroUsd: null, clientTokensPerMinute: null, strategy: 'order' });
});

test('OpenAI’s client works unchanged: models, chats, streams with usage, tools, embeddings', async () => {
  const models = (await client.models.list()).data.map(({ id }) => id);
  expect(models).toEqual(expect.arrayContaining(['both', 'gpt-4o-mini', 'openai/gpt-4o-mini']));
  expect(models).not.toContain('gpt-nobody-priced');
  const { data, response } = await ask('gpt-4o-mini', { top_k: 5 });
  expect(data.choices[0]?.message.content).toBe('The capital of France is Paris.');
  expect(data.usage).toMatchObject({ prompt_tokens: 14, completion_tokens: 8 });
  expect(response.headers.get('x-solanalm-provider')).toBe('openai/gpt-4o-mini');
  expect(response.headers.get('x-solanalm-dropped')).toBe('top-k');
  const stream = await client.chat.completions.create({
    model: 'gpt-4o-mini',
    ...question,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let usage: unknown;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  expect(text).toBe('The capital of France is Paris.');
  expect(usage).toMatchObject({ prompt_tokens: 14, completion_tokens: 8 });
  openai.queue('tools');
  const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: {} } }];
  expect((await ask('gpt-4o-mini', { tools })).data.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }] },
  });
  const embedded = await client.embeddings.create({ model: 'text-embedding-3-small', input: 'Hello' });
  expect(embedded.data[0]?.embedding).toHaveLength(4);
});

test('OpenAI’s Responses API works unchanged, whoever answers', async () => {
  const ask = { instructions: 'Be brief.', input: 'What is the capital of France?', max_output_tokens: 20 };
  for (const model of ['gpt-4o-mini', 'claude-haiku-4-5']) {
    const whole = await client.responses.create({ model, ...ask });
    expect(whole).toMatchObject({ status: 'completed', output_text: 'The capital of France is Paris.' });
    const final = await client.responses.stream({ model, ...ask }).finalResponse();
    expect(final.output_text).toBe('The capital of France is Paris.');
    expect(final.usage).toEqual(whole.usage);
  }
  expect(JSON.stringify(anthropic.requests.at(-1)?.body)).toContain('Be brief.');
  const tools = [{ type: 'function' as const, name: 'get_weather', parameters: {}, strict: false }];
  openai.queue('tools', 'chat-stream-tools');
  const called = { type: 'function_call', name: 'get_weather', arguments: '{"city":"Paris"}' };
  expect((await client.responses.create({ model: 'gpt-4o-mini', ...ask, tools })).output).toMatchObject([
    called,
  ]);
  const streamed = await client.responses.stream({ model: 'gpt-4o-mini', ...ask, tools }).finalResponse();
  expect(streamed.output).toMatchObject([called]);
  await client.responses.create({
    model: 'gpt-4o-mini',
    input: [
      { role: 'user', content: 'Weather?' },
      { type: 'function_call', call_id: 'c1', name: 'get_weather', arguments: '{"city":"Paris"}' },
      { type: 'function_call_output', call_id: 'c1', output: 'rain' },
    ],
  });
  expect(JSON.stringify(openai.requests.at(-1)?.body)).toContain('"tool_call_id":"c1"');
  expect(
    await failure(client.responses.create({ model: 'gpt-4o-mini', input: 'x', previous_response_id: 'r1' })),
  ).toMatchObject({ status: 400, message: expect.stringContaining('previous_response_id') });
});

test('Anthropic’s client works unchanged, whoever answers', async () => {
  const claude = new Anthropic({ baseURL: api, apiKey: host.apiKey(), maxRetries: 0 });
  const body = { max_tokens: 20, system: 'Be brief.', messages: question.messages };
  for (const model of ['claude-haiku-4-5', 'gpt-4o-mini']) {
    const message = await claude.messages.create({ model, ...body });
    expect(message).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text' }] });
    const stream = claude.messages.stream({ model, ...body });
    const final = await stream.finalMessage();
    expect(final.content).toEqual([expect.objectContaining({ text: 'The capital of France is Paris.' })]);
    expect(final.usage.output_tokens).toBe(model === 'gpt-4o-mini' ? 8 : 10);
  }
  expect(JSON.stringify(openai.requests.at(-1)?.body)).toContain('Be brief.');
  openai.queue('chat-stream-tools');
  const called = await claude.messages
    .stream({
      model: 'gpt-4o-mini',
      ...body,
      tools: [{ name: 'get_weather', input_schema: { type: 'object' } }],
    })
    .finalMessage();
  expect(called).toMatchObject({
    stop_reason: 'tool_use',
    content: [{ type: 'tool_use', name: 'get_weather', input: { city: 'Paris' } }],
  });
  const refused = await claude.messages.create({ model: 'nothing', ...body }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(refused).toBeInstanceOf(Anthropic.NotFoundError);
});

test('an unknown model is a 404 that names near ones', async () => {
  expect(await failure(ask('gpt-4o-mimi'))).toMatchObject({
    status: 404,
    message: expect.stringContaining('“gpt-4o-mini”'),
  });
});

test('a failing provider is tried again, then the next one answers', async () => {
  openai.queue('server-error');
  expect(await answerer('both')).toBe('openai/gpt-4o-mini');
  expect(posts(openai)).toBe(2);
  openai.queue('overloaded', 'overloaded', 'overloaded');
  expect(await answerer('both')).toBe('anthropic/claude-haiku-4-5');
  await call('providers.set', { provider: provider('openai', openai) });
  openai.queue('rate-limited');
  expect(await answerer('openai/gpt-4o-mini')).toBe('openai/gpt-4o-mini');
});

test('after three failures a provider is left alone', async () => {
  openai.queue('server-error', 'server-error', 'server-error');
  await answerer('both');
  const before = posts(openai);
  expect(await answerer('both')).toBe('anthropic/claude-haiku-4-5');
  expect(posts(openai)).toBe(before);
  expect(await failure(ask('openai/gpt-4o-mini'))).toMatchObject({ status: 503, code: 'proxy/cooling-down' });
});

test('a wrong key and an empty account are asked once, and never again for a while', async () => {
  for (const fixture of ['wrong-key', 'quota']) {
    await call('providers.set', { provider: provider('openai', openai) });
    openai.requests.length = 0;
    openai.queue(fixture);
    expect(await answerer('both')).toBe('anthropic/claude-haiku-4-5');
    expect(await answerer('both')).toBe('anthropic/claude-haiku-4-5');
    expect(posts(openai)).toBe(1);
  }
});

test('a storm of 429s is not answered with a storm: each is asked again a little, then the provider has its rest', async () => {
  openai.queue(...Array.from({ length: 200 }, () => 'rate-limited'));
  const answers = await Promise.all(Array.from({ length: 30 }, () => failure(ask('openai/gpt-4o-mini'))));
  expect(answers.every((error) => error?.status === 429 || error?.status === 503)).toBe(true);
  const asked = posts(openai);
  expect(asked).toBeLessThanOrEqual(90);
  expect(await failure(ask('openai/gpt-4o-mini'))).toMatchObject({ status: 503, code: 'proxy/cooling-down' });
  expect(posts(openai)).toBe(asked);
  openai.forget();
  // For a second its answers said that nothing is left, which outlives its settings.
  await new Promise((resolve) => setTimeout(resolve, 1100));
});

test('what every provider would refuse goes to no second one', async () => {
  for (const [fixture, code] of [
    ['bad-request', 'provider/bad-request'],
    ['content-refused', 'provider/content-refused'],
  ] as const) {
    openai.queue(fixture);
    expect(await failure(ask('both'))).toMatchObject({ status: 400, code });
  }
  expect(posts(anthropic)).toBe(0);
});

test('after the first text nothing is tried again: the client is told, the spend is estimated', async () => {
  openai.queue({ fixture: 'chat-stream-cut', isCut: true });
  const stream = await client.chat.completions.create({ model: 'both', ...question, stream: true });
  const read = async () => {
    for await (const _ of stream);
  };
  await expect(read()).rejects.toThrow(/broke off|failed/);
  expect(posts(anthropic)).toBe(0);
  const rows = host.ledger.entries({ limit: 5 });
  expect(rows.entries.every(({ proxied }) => proxied !== null)).toBe(true);
});

test('a request’s own wishes are kept', async () => {
  expect(await answerer('both', { provider: { order: ['anthropic'] } })).toBe('anthropic/claude-haiku-4-5');
  expect(
    await failure(ask('both', { provider: { only: ['openai'], max_price: { prompt: 0.1 } } })),
  ).toMatchObject({
    status: 400,
    code: 'proxy/max-price',
  });
  expect(await failure(ask('both', { provider: { sideways: true } }))).toMatchObject({ status: 400 });
  expect(await failure(ask('both', { n: 2 }))).toMatchObject({ status: 400, code: 'request/unsupported' });
});

test('what a provider lacks goes to one that has it', async () => {
  const json = { response_format: { type: 'json_object' } };
  expect(await answerer('both', { ...json, provider: { order: ['anthropic'] } })).toBe('openai/gpt-4o-mini');
  expect(await failure(ask('claude-haiku-4-5', json))).toMatchObject({ code: 'request/unsupported' });
});

test('a budget stops before it is passed, on the fallback too', async () => {
  await call('providers.set', { provider: provider('openai', openai, { dayBudgetMicroUsd: 0 }) });
  expect(await answerer('both')).toBe('anthropic/claude-haiku-4-5');
  await call('providers.set', { provider: provider('anthropic', anthropic, { monthBudgetMicroUsd: 0 }) });
  expect(await failure(ask('both'))).toMatchObject({ status: 503, code: 'proxy/budget' });
  await call('providers.set', { provider: provider('openai', openai) });
  await configure({ dayBudgetMicroUsd: 0 });
  expect(await failure(ask('both'))).toMatchObject({ code: 'proxy/budget' });
});

test('limits of a provider send requests on to the next one, and of a client away', async () => {
  await call('providers.set', { provider: provider('openai', openai, { concurrent: 1 }) });
  openai.queue({ fixture: 'chat', pieceBytes: 100, pauseMs: 20 });
  const [first, second] = await Promise.all([answerer('both'), answerer('both')]);
  expect([first, second].sort()).toEqual(['anthropic/claude-haiku-4-5', 'openai/gpt-4o-mini']);
  await configure({ clientTokensPerMinute: 1 });
  await ask('both').catch(() => {});
  expect(await failure(ask('both'))).toMatchObject({ status: 429, code: 'proxy/throttled' });
});

test('a gateway’s client pays cost and commission, and both books agree', async () => {
  const payer = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: 'sk-a-payer', maxRetries: 0 });
  const before = host.ledger.totals();
  await payer.chat.completions.create({ model: 'gpt-4o-mini', ...question });
  anthropic.queue('chat-prompt-cache');
  await payer.chat.completions.create({ model: 'claude-haiku-4-5', ...question });
  openai.queue('usage-absurd');
  await payer.chat.completions.create({ model: 'gpt-4o-mini', ...question });
  await expect
    .poll(() => host.ledger.entries({ limit: 3 }).entries.map(({ state }) => state), { timeout: 5000 })
    .toEqual(['agreed', 'agreed', 'agreed']);
  const [estimated, cached, plain] = host.ledger.entries({ limit: 3 }).entries;
  // 14 × 0.15 $ + 8 × 0.60 $ for a million are 6.9 micro-dollars: 46 lamports at 150 $ a SOL, and 5 % upon it.
  expect(plain).toMatchObject({
    priceLamports: '49',
    proxied: { target: 'openai/gpt-4o-mini', costLamports: '46', commissionLamports: '3', isEstimate: false },
  });
  // 21 × 1 $ + 1,800 × 0.10 $ + 240 × 1.25 $ + 4 × 5 $ for a million.
  expect(cached?.proxied).toMatchObject({ costMicroUsd: 521, costLamports: '3474' });
  expect(estimated?.proxied?.isEstimate).toBe(true);
  const after = host.ledger.totals();
  expect(after.jobs - before.jobs).toBe(3);
});

test('an answer from the cache is charged by the prices of the day, whoever asked first', async () => {
  const payer = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: 'sk-a-payer', maxRetries: 0 });
  const exact = { model: 'gpt-4o-mini', ...question, temperature: 0, seed: 5 };
  await call('settings.update', { responseCacheMegabytes: 1 });
  // The operator's own question is kept without a price.
  await client.chat.completions.create(exact);
  await configure({ solPrice: { kind: 'fixed', microUsd: 75_000_000 } });
  await expect
    .poll(async () => {
      await payer.chat.completions.create(exact);
      const [entry] = host.ledger.entries({ limit: 1 }).entries;
      return [entry?.priceLamports, entry?.proxied?.costLamports];
    })
    // Half of what it costs at 75 $ a SOL, and nothing of it for the provider.
    .toEqual(['48', '0']);
  await expect
    .poll(() => host.ledger.entries({ limit: 1 }).entries[0]?.state, { timeout: 5000 })
    .toBe('agreed');
  expect(host.controller.status.get().state.state).toBe('earning');
  await call('settings.update', { responseCacheMegabytes: 0 });
});

test('a client that does not read slows its provider down instead of filling the memory', async () => {
  const { createServer } = await import('node:http');
  let written = 0;
  const endless = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const frame = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(1000) } }] })}\n\n`;
    const more = () => {
      while (response.write(frame)) written += frame.length;
      response.once('drain', more);
    };
    more();
  });
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
  const { port } = endless.address() as { port: number };
  const server = { url: `http://127.0.0.1:${port}` } as ProviderServer;
  await call('providers.set', { provider: { ...provider('flood', server), kind: 'openai-compatible' } });
  await configure({ prices: { 'flood/m': { input: 1, output: 1 } } });
  const body = JSON.stringify({ model: 'flood/m', ...question, stream: true });
  const socket = connect(Number(new URL(api).port), '127.0.0.1');
  socket.pause();
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${host.apiKey()}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const settled = written;
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(settled).toBeGreaterThan(0);
  expect(written).toBe(settled);
  socket.destroy();
  await call('providers.remove', { id: 'flood' });
  endless.closeAllConnections();
  endless.close();
});

test('the Try panel asks, and says who answered and for how much', async () => {
  expect(await call('providers.try', { model: 'gpt-4o-mini', prompt: 'Hello' })).toMatchObject({
    text: 'The capital of France is Paris.',
    target: 'openai/gpt-4o-mini',
    costMicroUsd: 7,
  });
});

test('keys stay where they are: no file, answer or state holds one but the keys’ own', async () => {
  openai.queue('wrong-key');
  await failure(ask('openai/gpt-4o-mini'));
  const files = readdirSync(profile, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of files) {
    if (file.endsWith('provider-keys.json')) expect(statSync(file).mode & 0o777).toBe(0o600);
    else expect(readFileSync(file).includes('a-secret-that'), file).toBe(false);
  }
});
