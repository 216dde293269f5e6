import { afterAll, beforeEach, expect, test } from 'vitest';
import { failure, posts, question, startProxiedNode } from '#testing/proxied-node.ts';

/** Which provider is asked, how often, and when nobody is. */
const node = await startProxiedNode();
const { host, openai, anthropic, client, set, configure, ask, answerer } = node;
beforeEach(node.reset);
afterAll(node.close);

test('a failing provider is tried again, then the next one answers', async () => {
  openai.queue('server-error');
  expect(await answerer('both')).toBe('openai/gpt-4o-mini');
  expect(posts(openai)).toBe(2);
  openai.queue('overloaded', 'overloaded', 'overloaded');
  expect(await answerer('both')).toBe('anthropic/claude-haiku-4-5');
  await set('openai');
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
    await set('openai');
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
  await set('openai', { dayBudgetMicroUsd: 0 });
  expect(await answerer('both')).toBe('anthropic/claude-haiku-4-5');
  await set('anthropic', { monthBudgetMicroUsd: 0 });
  expect(await failure(ask('both'))).toMatchObject({ status: 503, code: 'proxy/budget' });
  await set('openai');
  await configure({ dayBudgetMicroUsd: 0 });
  expect(await failure(ask('both'))).toMatchObject({ code: 'proxy/budget' });
});

test('limits of a provider send requests on to the next one, and of a client away', async () => {
  await set('openai', { concurrent: 1 });
  openai.queue({ fixture: 'chat', pieceBytes: 100, pauseMs: 20 });
  const [first, second] = await Promise.all([answerer('both'), answerer('both')]);
  expect([first, second].sort()).toEqual(['anthropic/claude-haiku-4-5', 'openai/gpt-4o-mini']);
  await configure({ clientTokensPerMinute: 1 });
  await ask('both').catch(() => {});
  expect(await failure(ask('both'))).toMatchObject({ status: 429, code: 'proxy/throttled' });
});
