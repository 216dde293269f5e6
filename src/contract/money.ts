import { z } from 'zod';
import { AppError } from './errors.ts';

/** 1 SOL in lamports. What is called lamports here is the smallest unit of what a gateway pays with, of a token as of SOL. */
export const lamportsPerSol = 1_000_000_000n;

/** Lamports as JSON carries them: a decimal integer in a string, since a JSON number loses digits. */
export const lamportsSchema = z.string().regex(/^(0|-?[1-9]\d{0,18})$/, 'an integer number of lamports');
export type LamportsText = z.infer<typeof lamportsSchema>;

/** A price or an amount that cannot be negative. */
export const priceLamportsSchema = z
  .string()
  .regex(/^(0|[1-9]\d{0,17})$/, 'a whole number of lamports, 0 or more');

/** Network fee on inference, taken from the price with floor rounding (the remainder is the node's). */
export const inferenceFeePercent = 5n;

export interface Pricing {
  perRequestLamports: bigint;
  /** Lamports for a million generated tokens. */
  perMillionTokensLamports: bigint;
  /** What an answer from the node's cache costs, in percent of the price. */
  cacheHitPercent: bigint;
}

/** What a request's `metadata.tip_lamports` may offer above the price, at most: 1 SOL. */
const mostTipLamports = lamportsPerSol;

/** Reads the tip of a request's metadata, 0 when it offers none. Throws `request/invalid`. */
export function tipOf(metadata: Record<string, unknown> | null | undefined): bigint {
  const tip = metadata?.tip_lamports;
  if (tip === undefined) return 0n;
  const parsed = priceLamportsSchema.safeParse(typeof tip === 'number' ? `${tip}` : tip);
  if (parsed.success && BigInt(parsed.data) <= mostTipLamports) return BigInt(parsed.data);
  throw new AppError('request/invalid', 'metadata.tip_lamports: a whole number of lamports, at most 1 SOL', {
    data: { field: 'metadata.tip_lamports' },
  });
}

/** What a job's price depends on. */
export interface PricedJob {
  generatedTokens: number;
  tipLamports: bigint;
  isCacheHit: boolean;
}

/** Price of a job in lamports: per request plus generated tokens plus its tip, rounded down; a share of it from the cache. */
export function priceOf(pricing: Pricing, job: PricedJob): bigint {
  const tokens = (BigInt(job.generatedTokens) * pricing.perMillionTokensLamports) / 1_000_000n;
  const price = pricing.perRequestLamports + tokens + job.tipLamports;
  return job.isCacheHit ? (price * pricing.cacheHitPercent) / 100n : price;
}

/** The network's share of an inference price, in lamports, rounded down. */
export function inferenceFeeOf(priceLamports: bigint): bigint {
  return (priceLamports * inferenceFeePercent) / 100n;
}

/** Network fee on the reward of a training round, rounded down. */
const trainingFeePercent = 3n;

/** The network's share of a training reward, in lamports, rounded down. */
export function trainingFeeOf(rewardLamports: bigint): bigint {
  return (rewardLamports * trainingFeePercent) / 100n;
}

/** What prices are in. */
export interface PricedIn {
  asset: string;
  decimals: number;
}
const pricedInSol: PricedIn = { asset: 'SOL', decimals: 9 };

/** SOL as the network's JSON has it (a float). At the wire's edge only. */
export function solFromLamports(lamports: bigint): number {
  return Number(lamports) / 1e9;
}

/**
 * Pricing as NodeCapabilities carries it: `per_request` and `per_token` in SOL, or in the token of so many decimals whose mint `asset` is;
 * `cache_hit_percent` and `asset` are ours.
 */
export function pricingToWire(pricing: Pricing, { asset, decimals }: PricedIn = pricedInSol) {
  return {
    per_request: Number(pricing.perRequestLamports) / 10 ** decimals,
    per_token: Number(pricing.perMillionTokensLamports) / 10 ** (decimals + 6),
    ...(asset === 'SOL' ? {} : { asset }),
    cache_hit_percent: Number(pricing.cacheHitPercent),
  };
}

/** Inverse of pricingToWire: exact for prices under about 2^52 smallest units, since the float is rounded back. */
export function pricingFromWire(
  wire: { per_request: number; per_token: number; cache_hit_percent?: number | undefined },
  { decimals }: Pick<PricedIn, 'decimals'> = pricedInSol,
): Pricing {
  return {
    perRequestLamports: BigInt(Math.round(wire.per_request * 10 ** decimals)),
    perMillionTokensLamports: BigInt(Math.round(wire.per_token * 10 ** (decimals + 6))),
    cacheHitPercent: BigInt(wire.cache_hit_percent ?? 100),
  };
}
