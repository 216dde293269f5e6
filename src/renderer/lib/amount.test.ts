import { expect, test } from 'vitest';
import { assetName, usdcMints } from '#contract/assets.ts';
import { formatAmount } from './amount.ts';

const usdc = usdcMints['mainnet-beta'] ?? '';

test('amounts of a token are whole tokens, with two digits after the point at least', () => {
  const unit = { asset: usdc, decimals: 6 };
  expect(
    ['1250000', '3000000', '1', '0', '-1500000', '271680', '1234567890123'].map((one) =>
      formatAmount(one, unit),
    ),
  ).toEqual(['1.25', '3.00', '0.000 001', '0.00', '−1.50', '0.271 680', '1234567.890 123']);
  expect(formatAmount('7', { asset: usdc, decimals: 0 })).toBe('7');
  expect(formatAmount('12', { asset: usdc, decimals: 1 })).toBe('1.2');
  expect(formatAmount('1250000', { asset: usdc, decimals: null })).toBe('1250000');
  expect(formatAmount(1_250_000n, { asset: 'SOL', decimals: 9 })).toBe('0.001 250');
});

test('known mints have their names, others their ends', () => {
  expect(
    ['SOL', usdc, usdcMints.devnet ?? '', '7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU'].map(assetName),
  ).toEqual(['SOL', 'USDC', 'USDC', '7xKX…gAsU']);
});
