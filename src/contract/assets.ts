import { z } from 'zod';
import type { Cluster } from './wire/network.ts';
import { nativeMint } from './wire/voucher.ts';

export const solDecimals = 9;
/** An amount has 64 bits, which are 20 digits: a token that divides further is none to pay with. */
export const mostDecimals = 18;

/** What an amount is of; it counts the smallest unit. */
export const unitShape = {
  /** `SOL` (test credits are counted so too), or a token's mint. */
  asset: z.string(),
  /** Digits after the point, as the token's mint on the chain has them (a byte); null until the chain was asked. */
  decimals: z.int().min(0).max(255).nullable(),
};
const unitSchema = z.object(unitShape);
export type Unit = z.infer<typeof unitSchema>;

export const solUnit: Unit = { asset: 'SOL', decimals: solDecimals };

/** What a receipt calls a mint. */
export const assetOf = (mint: string): string => (mint === nativeMint ? 'SOL' : mint);

/** USDC by cluster, as its issuer names it; a chain on this computer has none. */
export const usdcMints: Record<Cluster, string | null> = {
  'mainnet-beta': 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  devnet: '4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU',
  localnet: null,
};
export const usdcDecimals = 6;

/** A mint of USDC, on any cluster. */
export const isUsdc = (asset: string): boolean => Object.values(usdcMints).includes(asset);

/** For people: SOL, USDC by its known mints, another token by its mint's ends. */
export const assetName = (asset: string): string =>
  asset === 'SOL' ? 'SOL' : isUsdc(asset) ? 'USDC' : `${asset.slice(0, 4)}…${asset.slice(-4)}`;

/** Micro-dollars for 10⁹ smallest units: SOL by its price, USDC by its own, of other tokens nobody knows. */
export const microUsdPerBillion = (asset: string, solMicroUsd: number | null): number | null =>
  asset === 'SOL' ? solMicroUsd : isUsdc(asset) ? 1_000_000_000 : null;

/** An amount as a decimal number with all of its digits: `1.25`, `-0.5`, `3`. */
export function decimalText(amount: bigint | string, decimals: number): string {
  const value = BigInt(amount);
  const digits = `${value < 0n ? -value : value}`.padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** What sums are kept by: a network for SOL, `network/mint` for a token. Nothing is ever added over two of them. */
export const moneyKey = (network: string, asset: string): string =>
  asset === 'SOL' ? network : `${network}/${asset}`;

/** Inverse of moneyKey. */
export function moneyIn(key: string): { network: string; asset: string } {
  const [network = '', asset = 'SOL'] = key.split('/');
  return { network, asset };
}
