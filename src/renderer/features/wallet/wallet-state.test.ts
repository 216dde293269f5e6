import { expect, test } from 'vitest';
import { addressParts, explorerUrl, walletStateOf } from './wallet-state.ts';

const address = '7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU';
const delegation = {
  address,
  issuedAt: 0,
  expiresAt: 1,
  gateway: 'https://gateway.example',
  isRenewalDue: false,
  isExpired: false,
};

test('from nobody to an address, to a wallet that has signed, to one that should again', () => {
  expect(walletStateOf(undefined, null)).toBe('none');
  expect(walletStateOf(undefined, address)).toBe('view-only');
  expect(walletStateOf({ payoutAddress: null, delegation: null }, null)).toBe('none');
  expect(walletStateOf({ payoutAddress: address, delegation: null }, null)).toBe('view-only');
  expect(walletStateOf({ payoutAddress: address, delegation }, address)).toBe('connected');
  expect(
    walletStateOf({ payoutAddress: address, delegation: { ...delegation, isRenewalDue: true } }, null),
  ).toBe('renewal-due');
  const old = { ...delegation, isRenewalDue: true, isExpired: true };
  expect(walletStateOf({ payoutAddress: address, delegation: old }, null)).toBe('expired');
});

test('an address is compared by its ends, and nothing of it is lost', () => {
  expect(addressParts(address)).toEqual(['7xKX', 'tg2CW87d97TXJSDpbD5jBkheTqA83TZRuJos', 'gAsU']);
  expect(addressParts(address).join('')).toBe(address);
});

test('a transaction is looked up on its own cluster, and nowhere for a local chain', () => {
  expect(explorerUrl('5ig', 'mainnet-beta')).toBe('https://explorer.solana.com/tx/5ig');
  expect(explorerUrl('5ig', 'devnet')).toBe('https://explorer.solana.com/tx/5ig?cluster=devnet');
  expect(explorerUrl('5ig', 'localnet')).toBeNull();
});
