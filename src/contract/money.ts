import { z } from 'zod';

/** 1 SOL in lamports, the integer unit in which everything is kept. */
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
}

/** Price of a job in lamports: per request plus generated tokens, rounded down. */
export function priceOf(pricing: Pricing, generatedTokens: number): bigint {
  return (
    pricing.perRequestLamports + (BigInt(generatedTokens) * pricing.perMillionTokensLamports) / 1_000_000n
  );
}

/** The network's share of an inference price, in lamports, rounded down. */
export function inferenceFeeOf(priceLamports: bigint): bigint {
  return (priceLamports * inferenceFeePercent) / 100n;
}

/** SOL as the network's JSON has it (a float). At the wire's edge only. */
export function solFromLamports(lamports: bigint): number {
  return Number(lamports) / 1e9;
}

/** Pricing as NodeCapabilities carries it: `per_request` and `per_token` in SOL. */
export function pricingToWire(pricing: Pricing): { per_request: number; per_token: number } {
  return {
    per_request: solFromLamports(pricing.perRequestLamports),
    per_token: Number(pricing.perMillionTokensLamports) / 1e15,
  };
}

/** Inverse of pricingToWire: exact for prices under about 2^52 lamports, since the float is rounded back. */
export function pricingFromWire(wire: { per_request: number; per_token: number }): Pricing {
  return {
    perRequestLamports: BigInt(Math.round(wire.per_request * 1e9)),
    perMillionTokensLamports: BigInt(Math.round(wire.per_token * 1e15)),
  };
}
