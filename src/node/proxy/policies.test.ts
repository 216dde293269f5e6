import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '#contract/errors.ts';
import type { ModelPrice } from '#contract/provider.ts';
import { costPicoUsd, proxyPrice } from '#contract/proxy-price.ts';
import { unknownModel } from '../inference/unknown-model.ts';
import { Budget } from './budget.ts';
import { Health } from './health.ts';
import { publicNames, resolve } from './mapping.ts';
import { findPrice, readPrices } from './prices.ts';
import { readHeadroom, retryAfterSeconds } from './providers/rate-headers.ts';
import { soundUsage } from './providers/usage.ts';
import { type Candidate, nobody, plan, type RouteInput } from './router.ts';
import { readPrice } from './sol-price.ts';
import { Throttle } from './throttle.ts';

const price: ModelPrice = {
  input: 1_000_000,
  output: 4_000_000,
  cachedInput: 100_000,
  cacheWrite: 1_250_000,
};
const candidate = (provider: string, more: Partial<Candidate> = {}): Candidate => ({
  provider,
  model: 'm',
  weight: 1,
  price,
  lacking: [],
  mayTry: true,
  coolingUntil: null,
  freeAt: 0,
  budget: null,
  hasKey: true,
  contextTokens: null,
  latencyMs: null,
  running: 0,
  ...more,
});
const route = (candidates: Candidate[], more: Partial<RouteInput> = {}) =>
  plan({
    candidates,
    strategy: 'order',
    preferences: {},
    promptTokens: 100,
    nowMs: 1000,
    random: () => 0.5,
    ...more,
  });
const ids = (candidates: Candidate[]) => candidates.map(({ provider }) => provider);

test('each strategy orders by its own figure', () => {
  const three = [
    candidate('a', { latencyMs: 300, running: 2, price: { ...price, input: 3_000_000 } }),
    candidate('b', { latencyMs: 100, running: 3 }),
    candidate('c', { latencyMs: 200, running: 1, price: { ...price, input: 2_000_000 } }),
  ];
  expect(ids(route(three).order)).toEqual(['a', 'b', 'c']);
  expect(ids(route(three, { strategy: 'cheapest' }).order)).toEqual(['b', 'c', 'a']);
  expect(ids(route(three, { strategy: 'fastest' }).order)).toEqual(['b', 'c', 'a']);
  expect(ids(route(three, { strategy: 'least-busy' }).order)).toEqual(['c', 'a', 'b']);
  const counts = { a: 0, b: 0 };
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let round = 0; round < 2000; round += 1) {
    const [first] = route([candidate('a', { weight: 3 }), candidate('b')], {
      strategy: 'weight',
      random,
    }).order;
    counts[first?.provider as 'a' | 'b'] += 1;
  }
  expect(counts.a / counts.b).toBeGreaterThan(2.5);
  expect(counts.a / counts.b).toBeLessThan(3.5);
});

test('a request’s own wishes go before the strategy', () => {
  const three = [candidate('a'), candidate('b'), candidate('c')];
  expect(ids(route(three, { preferences: { order: ['c', 'b'] } }).order)).toEqual(['c', 'b', 'a']);
  expect(ids(route(three, { preferences: { only: ['b'] } }).order)).toEqual(['b']);
  expect(ids(route(three, { preferences: { ignore: ['a'] } }).order)).toEqual(['b', 'c']);
  expect(ids(route(three, { preferences: { allow_fallbacks: false } }).order)).toEqual(['a']);
  const dear = route(three, { preferences: { max_price: { prompt: 0.5 } } });
  expect(dear.order).toEqual([]);
  expect(nobody('m', dear)).toMatchObject({ code: 'proxy/max-price' });
  expect(route(three, { preferences: { max_price: { prompt: 1, completion: 4 } } }).order).toHaveLength(3);
});

test.each<[Partial<Candidate>, string]>([
  [{ hasKey: false }, 'proxy/no-key'],
  [{ lacking: ['images'] }, 'request/unsupported'],
  [{ price: null }, 'proxy/no-price'],
  [{ contextTokens: 99 }, 'inference/context-too-long'],
  [{ mayTry: false, coolingUntil: 21_000 }, 'proxy/cooling-down'],
  [{ budget: 'month' }, 'proxy/budget'],
])('%j is left out: %s', (more, code) => {
  const planned = route([candidate('a', more), candidate('b')]);
  expect(ids(planned.order)).toEqual(['b']);
  expect(planned.refusals).toMatchObject([{ target: 'a/m', error: { code } }]);
  expect(nobody('m', route([candidate('a', more)]))).toMatchObject({ code });
});

test('no plan ever holds what its request or its provider rules out', () => {
  const any = fc.record({
    provider: fc.constantFrom('a', 'b', 'c'),
    model: fc.constantFrom('m', 'n'),
    weight: fc.integer({ min: 1, max: 9 }),
    price: fc.option(fc.record({ input: fc.nat(5_000_000), output: fc.nat(5_000_000) })),
    lacking: fc.constantFrom([], ['tools']),
    mayTry: fc.boolean(),
    coolingUntil: fc.constant(null),
    freeAt: fc.nat(3000),
    budget: fc.constantFrom(null, 'day' as const),
    hasKey: fc.boolean(),
    contextTokens: fc.option(fc.nat(200)),
    latencyMs: fc.option(fc.nat(500)),
    running: fc.nat(5),
  });
  fc.assert(
    fc.property(
      fc.array(any, { maxLength: 8 }),
      fc.constantFrom('order', 'weight', 'cheapest', 'fastest', 'least-busy'),
      fc.subarray(['a', 'b', 'c']),
      (candidates, strategy, only) => {
        const { order, refusals } = route(candidates, {
          strategy,
          preferences: { only },
          random: Math.random,
        });
        expect(order.length + refusals.length).toBe(candidates.length);
        for (const one of order) {
          expect(only).toContain(one.provider);
          expect([one.hasKey, one.mayTry, one.budget, one.lacking.length]).toEqual([true, true, null, 0]);
          expect(one.price).not.toBeNull();
          expect(one.contextTokens ?? 100).toBeGreaterThanOrEqual(100);
        }
        const waits = order.map(({ freeAt }) => freeAt > 1000);
        expect(waits).toEqual([...waits].sort());
      },
    ),
  );
});

test('three failures within a minute rest a provider for 30 seconds; then one request tries it', () => {
  const health = new Health();
  const fail = (at: number) => {
    health.started();
    health.failed(at, null);
  };
  fail(0);
  fail(59_000);
  fail(61_000);
  expect(health.mayTry(61_000)).toBe(true);
  fail(62_000);
  expect(health.mayTry(91_999)).toBe(false);
  expect(health.coolingUntil(62_000)).toBe(92_000);
  expect(health.mayTry(92_000)).toBe(true);
  health.started();
  expect(health.mayTry(92_001)).toBe(false);
  health.failed(93_000, null);
  expect(health.mayTry(94_000)).toBe(false);
  expect(health.mayTry(123_000)).toBe(true);
  health.started();
  health.succeeded(100);
  expect(health.mayTry(123_001)).toBe(true);
  fail(123_002);
  expect(health.mayTry(123_003)).toBe(true);
  health.started();
  health.failed(124_000, 300_000);
  expect(health.mayTry(423_999)).toBe(false);
  expect(health.running).toBe(0);
});

test('no limit is ever passed within any minute, whatever comes when', () => {
  const step = fc.record({ waitMs: fc.nat(20_000), tokens: fc.nat(120) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const throttle = new Throttle();
      const limits = { requestsPerMinute: 5, tokensPerMinute: 300, concurrent: 3 };
      const sent: { at: number; tokens: number }[] = [];
      const running: (() => void)[] = [];
      let now = 0;
      for (const { waitMs, tokens } of steps) {
        now += waitMs;
        const freeAt = throttle.freeAt(now, tokens, limits);
        if (freeAt === Number.POSITIVE_INFINITY) {
          running.shift()?.();
          continue;
        }
        now = Math.max(now, freeAt);
        const leave = throttle.take(now, tokens, limits);
        running.push(() => leave(tokens));
        sent.push({ at: now, tokens });
        expect(running.length).toBeLessThanOrEqual(3);
        const window = sent.filter(({ at }) => at > now - 60_000);
        expect(window.length).toBeLessThanOrEqual(5);
        expect(window.reduce((sum, one) => sum + one.tokens, 0)).toBeLessThanOrEqual(300);
      }
    }),
  );
});

test('what a provider says is left counts more than what it was asked', () => {
  const throttle = new Throttle();
  const none = { requestsPerMinute: null, tokensPerMinute: null, concurrent: null };
  throttle.heard({ requests: { left: 1, resetsAt: 5000 }, tokens: { left: 1000, resetsAt: 9000 } });
  expect(throttle.freeAt(0, 10, none)).toBe(0);
  expect(throttle.freeAt(0, 1001, none)).toBe(9000);
  throttle.take(0, 10, none);
  expect(throttle.freeAt(0, 10, none)).toBe(5000);
  expect(throttle.freeAt(5000, 10, none)).toBe(5000);
});

test('promises side by side never pass a budget together', () => {
  const step = fc.record({
    most: fc.bigInt({ min: 0n, max: 400_000n }),
    share: fc.integer({ min: 0, max: 100 }),
    ends: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const budget = new Budget({ day: 0n, month: 0n }, 0);
      const limits = { dayBudgetMicroUsd: 1, monthBudgetMicroUsd: null };
      const open: (() => void)[] = [];
      for (const { most, share, ends } of steps) {
        if (ends) open.shift()?.();
        if (budget.exceeded(0, most, limits)) continue;
        const takeBack = budget.promise(most);
        open.push(() => {
          takeBack();
          takeBack();
          budget.spend(0, (most * BigInt(share)) / 100n);
        });
      }
      for (const end of open) end();
      expect(budget.spent(0).day).toBeLessThanOrEqual(1_000_000n);
    }),
  );
});

test('a day’s budget begins anew at midnight, a month’s on the first, and neither when the clock is set back', () => {
  const at = (day: number, hour = 12) => new Date(2026, 10, day, hour).getTime();
  const budget = new Budget({ day: 0n, month: 0n }, at(29));
  budget.spend(at(29), 5n);
  budget.spend(at(30), 7n);
  expect(budget.spent(at(30))).toEqual({ day: 7n, month: 12n });
  expect(budget.spent(at(28))).toEqual({ day: 7n, month: 12n });
  expect(budget.spent(at(31))).toEqual({ day: 0n, month: 0n });
});

test('a price is cost and commission, rounded so that the cost is always covered', () => {
  const amounts = fc.record({
    pico: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    basisPoints: fc.integer({ min: 0, max: 10_000 }),
    sol: fc.integer({ min: 1, max: 1_000_000_000 }),
    tip: fc.bigInt({ min: 0n, max: 10n ** 9n }),
  });
  fc.assert(
    fc.property(amounts, ({ pico, basisPoints, sol, tip }) => {
      const job = {
        costPicoUsd: pico,
        commissionBasisPoints: basisPoints,
        solMicroUsd: sol,
        tipLamports: tip,
      };
      const made = proxyPrice({ ...job, cacheHitPercent: null });
      expect(made.priceLamports).toBe(made.costLamports + made.commissionLamports);
      expect(made.commissionLamports).toBeGreaterThanOrEqual(0n);
      expect(made.feeLamports).toBe((made.commissionLamports * 2n) / 100n);
      // What the payer gives is worth no less than what the provider takes.
      expect(made.costLamports * BigInt(sol)).toBeGreaterThanOrEqual(pico * 1000n);
      expect((made.costLamports - 1n) * BigInt(sol)).toBeLessThan(pico * 1000n + 1n);
      const hit = proxyPrice({ ...job, cacheHitPercent: 50n });
      expect(hit).toMatchObject({ costLamports: 0n, priceLamports: made.priceLamports / 2n });
    }),
  );
});

test('a cost is exact: plain, cached and written tokens each at their price', () => {
  const usage = { prompt: 2061, cached: 1800, cacheWrite: 240, completion: 4, reasoning: 3 };
  expect(costPicoUsd(price, usage)).toBe(
    21n * 1_000_000n + 1800n * 100_000n + 240n * 1_250_000n + 4n * 4_000_000n,
  );
  expect(costPicoUsd({ input: 150_000, output: 600_000 }, { ...usage, cached: 0, cacheWrite: 0 })).toBe(
    2061n * 150_000n + 4n * 600_000n,
  );
  // 0.15 dollars for a million: one token costs 0.15 micro-dollars, and a million of them no more and no less than 0.15 dollars.
  const one = costPicoUsd(
    { input: 150_000, output: 0 },
    { prompt: 1, cached: 0, cacheWrite: 0, completion: 0, reasoning: 0 },
  );
  expect(one * 1_000_000n).toBe(150_000_000_000n);
});

test('names lead to routes, wildcards, providers and models; the rest is unknown, with what is near', () => {
  const providers = [
    { id: 'openai', models: ['gpt-4o-mini', 'gpt-4o'] },
    { id: 'home', models: ['llama3.2:latest', 'gpt-4o'] },
  ];
  const to = (provider: string, model: string) => ({ provider, model, weight: 1 });
  const routes = [
    { name: 'fast', targets: [to('gone', 'x'), to('openai', 'gpt-4o-mini')] },
    { name: 'my-*', targets: [to('home', '*')] },
    { name: 'my-big-*', targets: [to('openai', 'gpt-*')] },
  ];
  const where = (name: string) =>
    resolve(name, routes, providers).map(({ provider, model }) => `${provider}/${model}`);
  expect(where('fast')).toEqual(['openai/gpt-4o-mini']);
  expect(where('my-llama3.2:latest')).toEqual(['home/llama3.2:latest']);
  expect(where('my-big-4o')).toEqual(['openai/gpt-4o']);
  expect(where('openai/gpt-9')).toEqual(['openai/gpt-9']);
  expect(where('gpt-4o')).toEqual(['openai/gpt-4o', 'home/gpt-4o']);
  expect(where('nothing')).toEqual([]);
  expect(publicNames(routes, providers)).toEqual([
    'fast',
    'gpt-4o-mini',
    'gpt-4o',
    'llama3.2:latest',
    'openai/gpt-4o-mini',
    'openai/gpt-4o',
    'home/llama3.2:latest',
    'home/gpt-4o',
  ]);
  expect(unknownModel('gpt-4o-mimi', publicNames(routes, providers)).data?.near).toContain('gpt-4o-mini');
  expect(unknownModel('zzz', ['gpt-4o']).data?.near).toEqual([]);
});

test('the shipped prices are whole; an operator’s own go before them; dates at a name’s end do not count', () => {
  const table = readPrices(new URL('../../../resources/prices.json', import.meta.url).pathname);
  const find = (model: string, overrides = {}) =>
    findPrice(table, overrides, { provider: 'mine', kind: 'openai', model });
  expect(find('gpt-4o-mini-2024-07-18')).toMatchObject({
    input: 150_000,
    cachedInput: 75_000,
    output: 600_000,
  });
  expect(find('gpt-nobody-priced')).toBeNull();
  expect(find('constructor')).toBeNull();
  expect(find('gpt-4o-mini', { 'mine/gpt-4o-mini': price })).toEqual(price);
  expect(find('anything', { 'mine/*': price })).toEqual(price);
});

test('a price table that lacks a field is refused with its place', async () => {
  const { mkdtempSync, writeFileSync } = await import('node:fs');
  const file = `${mkdtempSync(`${process.env.TMPDIR ?? '/tmp'}/prices-`)}/prices.json`;
  writeFileSync(
    file,
    JSON.stringify({
      version: 1,
      date: '2026-01-01',
      sources: {},
      prices: { openai: { 'gpt-x': { input: 5 } } },
    }),
  );
  expect(() => readPrices(file)).toThrow(/prices\.openai\.gpt-x\.output/);
  writeFileSync(file, '{');
  expect(() => readPrices(file)).toThrow(expect.objectContaining({ code: 'proxy/prices-unreadable' }));
});

test('limits and pauses are read as providers write them, and not believed beyond a day', () => {
  const now = Date.UTC(2026, 10, 24);
  const read = (headers: Record<string, string>) => readHeadroom(new Headers(headers), now);
  expect(read({ 'x-ratelimit-remaining-requests': '7', 'x-ratelimit-reset-requests': '1m30.5s' })).toEqual({
    requests: { left: 7, resetsAt: now + 90_500 },
  });
  expect(
    read({
      'anthropic-ratelimit-tokens-remaining': '0',
      'anthropic-ratelimit-tokens-reset': '2031-01-01T00:00:00Z',
    }),
  ).toEqual({ tokens: { left: 0, resetsAt: now + 86_400_000 } });
  expect(read({ 'x-ratelimit-remaining-requests': '-1', 'x-ratelimit-reset-requests': 'soon' })).toEqual({});
  const after = (text: string) => retryAfterSeconds(new Headers({ 'retry-after': text }), now);
  expect([after('3'), after('0.2'), after('Tue, 24 Nov 2026 00:00:09 GMT'), after('never')]).toEqual([
    3,
    1,
    9,
    null,
  ]);
});

test('counts that cannot be true are no counts', () => {
  expect(soundUsage({ prompt: 3, completion: 4 })).toEqual({
    prompt: 3,
    cached: 0,
    cacheWrite: 0,
    completion: 4,
    reasoning: 0,
  });
  for (const counts of [
    {},
    { prompt: -1, completion: 1 },
    { prompt: 1.5, completion: 1 },
    { prompt: '3', completion: 1 },
    { prompt: 3, completion: 4, cached: 4 },
    { prompt: 3, completion: 4, reasoning: 5 },
    { prompt: 1e12, completion: 1 },
  ])
    expect(soundUsage(counts)).toBeNull();
});

test('the price of a SOL is read from a document, and nothing else is a price', () => {
  expect(readPrice({ data: { amount: '151.234567' } }, 'data.amount')).toBe(151_234_567);
  expect(readPrice(150, '')).toBe(150_000_000);
  for (const document of [
    {},
    { data: { amount: 'NaN' } },
    { data: { amount: -3 } },
    null,
    { data: { amount: [] } },
  ])
    expect(() => readPrice(document, 'data.amount')).toThrow(AppError);
});
