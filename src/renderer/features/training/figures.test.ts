import { expect, test } from 'vitest';
import { formatEpsilon, formatLoss, formatShare, netLamports, parseEpsilon } from './figures.ts';

test('a loss keeps digits that say something, and what is no number is a dash', () => {
  expect([4.6051, 0.312, 0.00412, 0.000031, 0].map(formatLoss)).toEqual([
    '4.605',
    '0.312',
    '0.00412',
    '3.1e-5',
    '0.00000',
  ]);
  expect([null, Number.NaN, Number.POSITIVE_INFINITY].map(formatLoss)).toEqual(['–', '–', '–']);
});

test('shares are per cent, ε has two digits, the smallest at least one that counts', () => {
  expect([0.9412, 0, 1, null].map(formatShare)).toEqual(['94.1 %', '0.0 %', '100.0 %', '–']);
  expect([3.4159, 0.21, 0.0034, 0].map(formatEpsilon)).toEqual(['3.42', '0.21', '0.003', '0.00']);
});

test('what a round brings is its price without the fee, exactly', () => {
  expect(netLamports({ priceLamports: '9007199254740993', feeLamports: '1' })).toBe('9007199254740992');
});

test('a privacy budget is a number from 0 to 1000, and anything else is asked for again', () => {
  expect(parseEpsilon(' 8 ')).toBe(8);
  expect(parseEpsilon('0')).toBe(0);
  expect(parseEpsilon('2.5')).toBe(2.5);
  for (const text of ['', '-1', '1001', 'eight', '1e3', '8,5', 'Infinity'])
    expect(parseEpsilon(text), text).toBeNull();
});
