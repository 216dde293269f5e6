import { expect, test } from 'vitest';
import { dollarRate, fiatOf, fiatOfDollars, fiatRate, formatFiat } from './fiat.ts';

const own = { currency: 'EUR', microPerSol: 130_000_000, at: 5 };
const solPrice = { microUsd: 150_000_000, at: 9, isStale: false };

test('the operator’s own price comes first, then the dollar price of the providers, then none', () => {
  expect(fiatRate(own, solPrice)).toBe(own);
  expect(fiatRate(null, solPrice)).toEqual({ currency: 'USD', microPerSol: 150_000_000, at: 9 });
  expect(fiatRate(null, null)).toBeNull();
  expect(dollarRate(own, null)).toBeNull();
});

test('dollars become the other currency by what a SOL is in both', () => {
  expect(fiatOf(8_412_000n, own)).toBe(1_093_560n);
  expect(fiatOfDollars(1_500_000n, own, dollarRate(null, solPrice))).toBe(1_300_000n);
  expect(fiatOfDollars(1_500_000n, own, null)).toBeNull();
  expect(fiatOfDollars(7n, { ...own, currency: 'USD' }, null)).toBe(7n);
});

test('small amounts keep figures that say something', () => {
  expect(formatFiat(1_093_560n, 'EUR', 'en')).toBe('€1.09');
  expect(formatFiat(3_150n, 'EUR', 'en')).toBe('€0.00315');
  expect(formatFiat(0n, 'USD', 'en')).toBe('$0.00');
  expect(formatFiat(-42_000n, 'USD', 'en')).toBe('-$0.042');
});
