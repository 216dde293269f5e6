import { expect, test } from 'vitest';
import { genesisHashes } from '#contract/wire/network.ts';
import { gatewayInfoSchema } from '#contract/wire/node-capabilities.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { checkTerms } from './own-channel.ts';

const usdc = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v';
const terms = (change: Record<string, unknown>, network = 'mainnet-beta') =>
  gatewayInfoSchema.parse({
    ...{ service: 's', version: '1', status: 'running', extensions: ['settlement'], network },
    settlement: {
      cluster: 'mainnet-beta',
      genesis_hash: genesisHashes['mainnet-beta'],
      treasury: newWalletOwner().address,
      mint: nativeMint,
      decimals: 9,
      threshold_atomic: '2000000',
      modes: ['gateway'],
      settle_window_seconds: 86_400,
      ...change,
    },
  });

test('a gateway pays in SOL or USDC, on the cluster that it works in', () => {
  expect(() => checkTerms(terms({}))).not.toThrow();
  expect(() => checkTerms(terms({ mint: usdc, decimals: 6 }))).not.toThrow();
  expect(() => checkTerms(terms({}, 'devnet'))).toThrow('pays on mainnet-beta');
  expect(() => checkTerms(terms({ genesis_hash: genesisHashes.devnet }))).toThrow('its chain began with');
  // A token that anybody can make is worth nothing.
  expect(() => checkTerms(terms({ mint: newWalletOwner().address }))).toThrow('neither SOL nor USDC');
  expect(() => checkTerms(terms({ mint: usdc, decimals: 9 }))).toThrow('9 decimals');
  expect(() => checkTerms(terms({ decimals: 6 }))).toThrow('6 decimals');
  const own = { cluster: 'localnet', genesis_hash: newWalletOwner().address, mint: newWalletOwner().address };
  expect(() => checkTerms(terms(own, 'localnet'))).not.toThrow();
});

test('vouchers are settled within an hour at least and 30 days at most', () => {
  for (const seconds of [3600, 86_400, 2_592_000])
    expect(() => checkTerms(terms({ settle_window_seconds: seconds }))).not.toThrow();
  for (const seconds of [1, 3599, 2_592_001, Number.MAX_SAFE_INTEGER])
    expect(() => checkTerms(terms({ settle_window_seconds: seconds }))).toThrow(
      `The gateway would settle vouchers within ${seconds} seconds`,
    );
});
