import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ModelPrice } from '#contract/provider.ts';
import { type Candidate, nobody, plan, type RouteInput } from './router.ts';

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
