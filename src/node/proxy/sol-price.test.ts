import { expect, test } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { readPrice } from './sol-price.ts';

test('the price of a SOL is read from a document, and nothing else is a price', () => {
  expect(readPrice({ data: { amount: '151.234567' } }, 'data.amount')).toBe(151_234_567);
  expect(readPrice(150, '')).toBe(150_000_000);
  for (const document of [
    {},
    { data: { amount: 'NaN' } },
    { data: { amount: -3 } },
    null,
    { data: { amount: [] } },
  ])
    expect(() => readPrice(document, 'data.amount')).toThrow(AppError);
});
