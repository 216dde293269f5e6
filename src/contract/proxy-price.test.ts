import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ModelPrice } from './provider.ts';
import { costPicoUsd, proxyPrice } from './proxy-price.ts';

const price: ModelPrice = {
  input: 1_000_000,
  output: 4_000_000,
  cachedInput: 100_000,
  cacheWrite: 1_250_000,
};

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
