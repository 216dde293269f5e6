import type { ProxyStatus } from '#contract/provider.ts';
import type { Settings } from '#contract/settings.ts';

/** What a SOL is worth in a currency, and when that was looked up. */
export interface FiatRate {
  currency: string;
  microPerSol: number;
  /** Unix ms. */
  at: number;
}

/** The operator's own price, else the dollar price that provider costs are counted with; null where neither is known. */
export function fiatRate(fiat: Settings['fiat'], solPrice: ProxyStatus['solPrice']): FiatRate | null {
  return fiat ?? dollarRate(null, solPrice);
}

/** Dollars for a SOL. */
export function dollarRate(fiat: Settings['fiat'], solPrice: ProxyStatus['solPrice']): FiatRate | null {
  if (solPrice) return { currency: 'USD', microPerSol: solPrice.microUsd, at: solPrice.at };
  return fiat?.currency === 'USD' ? fiat : null;
}

/** Millionths of the currency, rounded down. */
export const fiatOf = (lamports: bigint, rate: FiatRate): bigint =>
  (lamports * BigInt(rate.microPerSol)) / 1_000_000_000n;

/** What dollars are in the rate's currency, by what a SOL is in both; null where its dollar price is not known. */
export function fiatOfDollars(microUsd: bigint, rate: FiatRate, dollars: FiatRate | null): bigint | null {
  if (rate.currency === 'USD') return microUsd;
  if (!dollars || dollars.microPerSol === 0) return null;
  return (microUsd * BigInt(rate.microPerSol)) / BigInt(dollars.microPerSol);
}

/** 12.34 as the currency is written, with more digits where fewer than three figures would be left. */
export function formatFiat(micro: bigint, currency: string, language: string): string {
  const value = Number(micro) / 1e6;
  const size = Math.abs(value);
  const digits = size === 0 || size >= 1 ? 2 : Math.min(6, 2 + Math.ceil(-Math.log10(size)));
  return new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  }).format(value);
}
