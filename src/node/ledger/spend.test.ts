import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { openLedger } from './ledger.ts';
import type { SpendRow } from './spend.ts';

const freshFile = () => join(mkdtempSync(join(tmpdir(), 'spend-')), 'node.db');
const open = (file: string) => openLedger(file, { clock: systemClock });
const row = (key: string, provider: string, costPicoUsd: bigint, at = 1000): SpendRow => ({
  key,
  at,
  requestId: 'r',
  provider,
  model: 'm',
  usage: { prompt: 1, cached: 0, cacheWrite: 0, completion: 1, reasoning: 0 },
  costPicoUsd,
  isEstimate: false,
});

test('an answer costs once, however often it is taken down, and to the pico-dollar after a restart', async () => {
  const answers = fc.array(
    fc.record({
      key: fc.nat(20),
      provider: fc.constantFrom('a', 'b'),
      cost: fc.bigInt({ min: 0n, max: 10n ** 14n }),
      at: fc.constantFrom(1000, 2000),
    }),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(answers, async (rows) => {
      const file = freshFile();
      const ledger = open(file);
      const expected = new Map<number, (typeof rows)[number]>();
      const isNew = rows.map((one) => !expected.has(one.key) && Boolean(expected.set(one.key, one)));
      const written = rows.map(({ key, provider, cost, at }) =>
        ledger.appendSpend(row(`${key}`, provider, cost, at)),
      );
      expect(await Promise.all(written)).toEqual(isNew);
      ledger.close();
      const again = open(file);
      for (const since of [0, 1500]) {
        const sums: Record<string, bigint> = {};
        for (const { provider, cost, at } of expected.values())
          if (at >= since) sums[provider] = (sums[provider] ?? 0n) + cost;
        expect(again.spentSince(since)).toEqual(sums);
        if (since === 0)
          expect(
            Object.fromEntries(again.providerTotals().map((one) => [one.provider, one.costPicoUsd])),
          ).toEqual(sums);
      }
      again.close();
    }),
    { numRuns: 20 },
  );
});

test('what waits for its turn is written before the ledger closes', async () => {
  const file = freshFile();
  const ledger = open(file);
  const written = ledger.appendSpend(row('k', 'a', 7n));
  ledger.close();
  expect(await written).toBe(true);
  expect(open(file).spentSince(0)).toEqual({ a: 7n });
});

test('totals by provider: what it cost and what its jobs brought, the cache’s apart', async () => {
  const ledger = open(freshFile());
  const job = (requestId: string, target: string, isCacheHit: boolean) =>
    ledger.append({
      at: 1000,
      requestId,
      gatewayUrl: 'http://127.0.0.1:1',
      network: 'test-credits',
      model: 'm',
      payer: 'p',
      promptTokens: 1,
      generatedTokens: 1,
      priceLamports: 49n,
      feeLamports: 1n,
      durationMs: 1,
      proxied: {
        target,
        costPicoUsd: isCacheHit ? 0n : 6_900_000n,
        commissionBasisPoints: 500,
        solMicroUsd: 150_000_000,
        costLamports: isCacheHit ? 0n : 46n,
        commissionLamports: isCacheHit ? 49n : 3n,
        isEstimate: false,
        isCacheHit,
      },
    });
  expect(ledger.providerTotals()).toEqual([]);
  await ledger.appendSpend(row('k', 'openai', 6_900_000n));
  job('one', 'openai/m', false);
  expect(ledger.providerTotals()).toMatchObject([{ provider: 'openai', answers: 1, netLamports: 48n }]);
  // What was read before counts once.
  job('two', 'openai/m', true);
  expect(ledger.providerTotals()).toHaveLength(2);
  expect(ledger.providerTotals()).toEqual([
    {
      provider: 'cache',
      answers: 1,
      costPicoUsd: 0n,
      costLamports: 0n,
      commissionLamports: 49n,
      feeLamports: 1n,
      netLamports: 48n,
    },
    {
      provider: 'openai',
      answers: 1,
      costPicoUsd: 6_900_000n,
      costLamports: 46n,
      commissionLamports: 3n,
      feeLamports: 1n,
      netLamports: 48n,
    },
  ]);
});
