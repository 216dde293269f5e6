import { expect, test } from 'vitest';
import type { AppError } from '#contract/errors.ts';
import { channelId } from '#contract/settlement/channel-id.ts';
import { genesisHashes } from '#contract/wire/network.ts';
import { gatewayInfoSchema } from '#contract/wire/node-capabilities.ts';
import { type Channel, nativeMint } from '#contract/wire/voucher.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { checkTerms, ownChannel } from './own-channel.ts';

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

const gatewayKey = newWalletOwner().address;
const payout = newWalletOwner().address;
const known = (change: Record<string, unknown> = {}, of: Record<string, unknown> = {}) => ({
  url: 'http://127.0.0.1:1',
  info: { ...terms(of), public_key: gatewayKey, ...change },
  payout,
});
const told = (mint = nativeMint, change: Partial<Channel> = {}): Channel => ({
  channel: channelId({ gatewayKey, payoutWallet: payout, mint, epoch: 3n }),
  payout,
  mint,
  epoch: 3,
  accepted_atomic: '0',
  vouchered_atomic: '0',
  settled_atomic: '0',
  latest: null,
  ...change,
});

test('a channel that is that of the gateway’s key and this wallet is opened with its terms', () => {
  const usual = known();
  const of = { gatewayUrl: usual.url, gatewayKey, payout, network: 'mainnet-beta', epoch: 3 };
  const { treasury } = usual.info.settlement ?? {};
  const genesisHash = genesisHashes['mainnet-beta'];
  const native = { ...of, mint: nativeMint, decimals: 9, genesisHash, treasury };
  expect(ownChannel(told(), usual)).toEqual({ ...native, channel: told().channel });
  const inUsdc = known({}, { mint: usdc, decimals: 6 });
  expect(ownChannel(told(usdc), inUsdc)).toMatchObject({
    mint: usdc,
    decimals: 6,
    channel: told(usdc).channel,
  });
  // Test credits are vouched for, and nobody pays them.
  const credits = known({ settlement: undefined, network: 'test-credits' });
  expect(ownChannel(told(), credits)).toMatchObject({ decimals: 9, genesisHash: null, treasury: null });
});

test('any other channel is refused, with what is wrong', () => {
  const other = newWalletOwner().address;
  const refusalOf = (channel: Channel, facts = known()) => {
    try {
      ownChannel(channel, facts);
      return 'none';
    } catch (thrown) {
      const { code, message } = thrown as AppError;
      return `${code} ${message}`;
    }
  };
  expect(refusalOf(told())).toBe('none');
  expect(refusalOf(told(nativeMint, { payout: other }))).toMatch(/^wallet\/wrong-channel .* pays /);
  expect(refusalOf(told(usdc))).toMatch(/^wallet\/wrong-channel .* is in /);
  const wrong = /^wallet\/wrong-channel .* not that of its key and this wallet/;
  expect(refusalOf(told(nativeMint, { channel: other }))).toMatch(wrong);
  expect(refusalOf(told(nativeMint, { epoch: 4 }))).toMatch(wrong);
  expect(refusalOf(told(), known({ public_key: other }))).toMatch(wrong);
  expect(refusalOf(told(), known({ public_key: undefined }))).toMatch(
    /^link\/bad-answer .* no key or network/,
  );
  expect(refusalOf(told(), known({ network: undefined }))).toMatch(/^link\/bad-answer .* no key or network/);
  expect(refusalOf(told(), known({ network: 'devnet' }))).toMatch(/^chain\/wrong-cluster /);
});
