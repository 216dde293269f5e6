import { z } from 'zod';
import { type ModelPrice, modelPriceSchema } from './provider.ts';

/** What a provider counted. `cached` and `cacheWrite` are part of `prompt`, `reasoning` is part of `completion`. */
export interface TokenUsage {
  prompt: number;
  cached: number;
  cacheWrite: number;
  completion: number;
  reasoning: number;
}

/**
 * What a proxy node charges, as it tells the gateway (extension `receipts`): a price is then no matter of opinion. A job is charged by
 * the quote of its `version`, a Unix millisecond.
 */
export const proxyQuoteSchema = z.strictObject({
  version: z.int().min(1),
  /** Micro-dollars for a SOL. */
  sol_micro_usd: z.int().min(1),
  commission_basis_points: z.int().min(0).max(10_000),
  /** By `provider/model`. */
  prices: z.record(z.string().max(300), modelPriceSchema),
});
export type ProxyQuote = z.infer<typeof proxyQuoteSchema>;

const tokenCount = z.int().min(0);
/** What a node tells with the usage of a proxied answer: enough to work out its price. */
export const proxiedUsageSchema = z.strictObject({
  target: z.string().max(300),
  quote: z.int().min(1),
  prompt: tokenCount,
  cached: tokenCount,
  cacheWrite: tokenCount,
  completion: tokenCount,
  reasoning: tokenCount,
});
export type ProxiedUsage = z.infer<typeof proxiedUsageSchema>;

/** The price of a proxied answer by a quote; null where the quote has no price for its target. */
export function quotedPrice(
  quote: ProxyQuote,
  answer: { target: string; usage: TokenUsage; tipLamports: bigint; cacheHitPercent: bigint | null },
): ProxyPrice | null {
  const price = Object.hasOwn(quote.prices, answer.target) ? quote.prices[answer.target] : undefined;
  if (!price) return null;
  return proxyPrice({
    costPicoUsd: costPicoUsd(price, answer.usage),
    commissionBasisPoints: quote.commission_basis_points,
    solMicroUsd: quote.sol_micro_usd,
    tipLamports: answer.tipLamports,
    cacheHitPercent: answer.cacheHitPercent,
  });
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
