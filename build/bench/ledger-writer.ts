import { systemClock } from '#node/clock.ts';
import { openLedger } from '#node/ledger/ledger.ts';

/** Writes proxied entries with their spend as fast as it can and says after each hundredth how many there are. */
const [, , file = '', count = '0'] = process.argv;
const ledger = openLedger(file, { clock: systemClock });
const startedAt = performance.now();
let longestMs = 0;
for (let index = 0; index < Number(count); index += 1) {
  const began = performance.now();
  const common = { at: Date.now(), requestId: `r${index}`, model: 'gpt-4o-mini' };
  const usage = { prompt: 14, cached: 0, cacheWrite: 0, completion: 8, reasoning: 0 };
  void ledger.appendSpend({
    ...common,
    key: `k${index}`,
    provider: 'openai',
    usage,
    costPicoUsd: 6_900_000n,
    isEstimate: false,
  });
  ledger.append({
    ...common,
    gatewayUrl: 'http://127.0.0.1:1',
    network: 'test-credits',
    payer: 'payer',
    promptTokens: 14,
    generatedTokens: 8,
    priceLamports: 49n,
    feeLamports: 0n,
    durationMs: 5,
    proxied: {
      target: 'openai/gpt-4o-mini',
      costPicoUsd: 6_900_000n,
      commissionBasisPoints: 500,
      solMicroUsd: 150_000_000,
      costLamports: 46n,
      commissionLamports: 3n,
      isEstimate: false,
      isCacheHit: false,
    },
  });
  longestMs = Math.max(longestMs, performance.now() - began);
  if (index % 100 === 99) {
    process.send?.({ written: index + 1 });
    // The disk is asked while the next ones are written.
    void ledger.synced();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
await ledger.synced();
const seconds = (performance.now() - startedAt) / 1000;
process.send?.({ perSecond: Number(count) / seconds, longestMs });
process.disconnect();
