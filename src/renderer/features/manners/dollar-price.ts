import { dollarText, parseDollars } from '../../lib/decimal.ts';
import type { Bounds } from './setting-bounds.ts';

/** Dollars a kWh in a field, in micro-dollars: a comma may be the point, and a minus stand before it; undefined for other texts. */
export function priceOf(text: string, { min, max }: Bounds): number | null | undefined {
  const trimmed = text.trim().replace(',', '.').replace('−', '-');
  if (trimmed === '') return null;
  const amount = parseDollars(trimmed.replace(/^-/, ''));
  if (amount === null) return undefined;
  const value = trimmed.startsWith('-') && amount !== 0 ? -amount : amount;
  return value >= min && value <= max ? value : undefined;
}

export const priceText = (microUsd: number | null): string =>
  microUsd === null ? '' : `${microUsd < 0 ? '-' : ''}${dollarText(Math.abs(microUsd))}`;
