import { expect, test } from 'vitest';
import { usdcMints } from '#contract/assets.ts';
import { proxyPrice } from '#contract/proxy-price.ts';
import { priceObstacle, priceOfPay } from './sol-price.ts';

const sol = { microUsd: 150_000_000, at: 0, isFixed: true };
const usdc = usdcMints['mainnet-beta'] ?? '';

test('an answer for a cent costs a cent, whether SOL or USDC pays', () => {
  const job = {
    costPicoUsd: 10_000_000_000n,
    commissionBasisPoints: 0,
    tipLamports: 0n,
    cacheHitPercent: null,
  };
  const costOf = (asset: string) =>
    proxyPrice({ ...job, solMicroUsd: priceOfPay(asset, sol, 1)?.microUsd ?? 0 }).priceLamports;
  expect(costOf('SOL')).toBe(66_667n);
  expect(costOf(usdc)).toBe(10_000n);
});

test('USDC needs no price of a SOL, and for another token there is none', () => {
  expect(priceOfPay(usdc, null, 1)).toMatchObject({ microUsd: 1_000_000_000 });
  expect(priceOfPay('another', sol, 1)).toBeNull();
  expect(priceObstacle('another', null, 1)).toMatchObject({
    code: 'proxy/price-stale',
    message: 'The price of another is not known: nothing can be sold.',
  });
  expect(priceObstacle(usdc, priceOfPay(usdc, null, 1), 1)).toBeNull();
});
