import type { ModelPrice } from './provider.ts';

/** What a provider counted. `cached` and `cacheWrite` are part of `prompt`, `reasoning` is part of `completion`. */
export interface TokenUsage {
  prompt: number;
  cached: number;
  cacheWrite: number;
  completion: number;
  reasoning: number;
}

/** The network's share of a proxy's commission, in percent, rounded down. */
export const proxyFeePercent = 2n;

/** The provider's cost in pico-dollars: tokens × micro-dollars per million, so that no fraction is ever lost. */
export function costPicoUsd(price: ModelPrice, usage: TokenUsage): bigint {
  const { input, output, cachedInput = input, cacheWrite = input } = price;
  const plain = usage.prompt - usage.cached - usage.cacheWrite;
  return (
    BigInt(plain) * BigInt(input) +
    BigInt(usage.cached) * BigInt(cachedInput) +
    BigInt(usage.cacheWrite) * BigInt(cacheWrite) +
    BigInt(usage.completion) * BigInt(output)
  );
}

/** What a proxied request costs its payer, and who gets which part; all in lamports, `price = cost + commission`. */
export interface ProxyPrice {
  priceLamports: bigint;
  /** The provider's cost, rounded up. */
  costLamports: bigint;
  commissionLamports: bigint;
  /** The network's share of the commission. */
  feeLamports: bigint;
}

export interface ProxyPriceInput {
  costPicoUsd: bigint;
  commissionBasisPoints: number;
  /** Micro-dollars for a SOL. */
  solMicroUsd: number;
  tipLamports: bigint;
  /** An answer from the node's cache: the provider costs nothing, the payer this much percent. */
  cacheHitPercent: bigint | null;
}

/** Gross = provider cost × (1 + commission), rounded up to whole lamports, plus the tip. */
export function proxyPrice(job: ProxyPriceInput): ProxyPrice {
  const share = 10_000n + BigInt(job.commissionBasisPoints);
  const gross = lamportsUp(job.costPicoUsd * share, BigInt(job.solMicroUsd) * 10_000n) + job.tipLamports;
  const isHit = job.cacheHitPercent !== null;
  const priceLamports = isHit ? (gross * (job.cacheHitPercent ?? 0n)) / 100n : gross;
  const costLamports = isHit ? 0n : lamportsUp(job.costPicoUsd, BigInt(job.solMicroUsd));
  const commissionLamports = priceLamports - costLamports;
  return {
    priceLamports,
    costLamports,
    commissionLamports,
    feeLamports: (commissionLamports * proxyFeePercent) / 100n,
  };
}

/** 10⁹ lamports cost `solMicroUsd` micro-dollars, and a micro-dollar is 10⁶ pico-dollars. */
const lamportsUp = (pico: bigint, solMicroUsd: bigint): bigint =>
  (pico * 1000n + solMicroUsd - 1n) / solMicroUsd;

/** Pico-dollars as micro-dollars, rounded half up: for showing and for budgets. */
export const microUsdOf = (pico: bigint): number => Number((pico + 500_000n) / 1_000_000n);
