import { expect, test } from 'vitest';
import { decimalText, dollarText, parseDecimal, parseDollars } from './decimal.ts';

test('dollars are read to the micro-dollar', () => {
  expect(parseDollars('12.5')).toBe(12_500_000);
  expect(parseDollars(' 0.000001 ')).toBe(1);
  expect(parseDollars('.15')).toBe(150_000);
  expect(parseDollars('3.')).toBe(3_000_000);
  expect(parseDollars('0')).toBe(0);
  // As floats, 1.1 × 1,000,000 and 4.35 × 100 are not whole.
  expect(parseDollars('1.1')).toBe(1_100_000);
  expect(parseDollars('9007199254.740991')).toBe(Number.MAX_SAFE_INTEGER);
  expect(parseDecimal('4.35', 2)).toBe(435);
});

test('what is no amount is refused, not guessed', () => {
  for (const text of ['', '.', ' ', '-1', '+1', '1e3', '1,5', '1 000', '$3', 'NaN', '0x10', '1.2.3', '٣'])
    expect(parseDollars(text), text).toBeNull();
  expect(parseDollars('0.0000001')).toBeNull();
  expect(parseDollars('9007199254.740992')).toBeNull();
});

test('a field shows what it was given', () => {
  for (const text of ['12.5', '0', '0.000001', '100', '1000000.25'])
    expect(dollarText(parseDollars(text) ?? -1)).toBe(text);
  expect(decimalText(500, 2)).toBe('5');
});
