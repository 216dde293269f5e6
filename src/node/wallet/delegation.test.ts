import { createPrivateKey, sign } from 'node:crypto';
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bs58 from 'bs58';
import { beforeEach, describe, expect, test } from 'vitest';
import type { SignIn } from '#contract/wire/delegation.ts';
import type { Network } from '#contract/wire/network.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { newWalletOwner, type WalletOwner } from '#testing/wallet-owner.ts';
import { createWalletBinding } from './delegation.ts';
import { openWalletStore } from './wallet-store.ts';

const dayMs = 86_400_000;
const gatewayUrl = 'https://gateway.example/api';
const node = { nodeKey: bs58.encode(Buffer.alloc(32, 9)), nodeId: 'slm-1' };
const about = { ...node, gatewayOrigin: 'https://gateway.example' };
let time: ReturnType<typeof createFakeClock>;
let file: string;
let payout: string | null;
let owner: WalletOwner;

let network: Network | null;
let relayUrl: string | null;

const open = () =>
  createWalletBinding({
    store: openWalletStore(file),
    clock: time.clock,
    node,
    payoutAddress: () => payout,
    gatewayUrl: () => gatewayUrl,
    network: () => network,
    relayUrl: () => relayUrl,
  });
const signedBy = ({ keypair }: WalletOwner, message: string): string => {
  const [d, x] = [keypair.secretKey.slice(0, 32), keypair.secretKey.slice(32)].map((part) =>
    Buffer.from(part).toString('base64url'),
  );
  const jwk = { kty: 'OKP', crv: 'Ed25519', d: `${d}`, x: `${x}` };
  return bs58.encode(sign(null, Buffer.from(message), createPrivateKey({ key: jwk, format: 'jwk' })));
};
const codeOf = async (work: () => unknown) => {
  try {
    await work();
    return 'fine';
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
};
const delegated = (binding: ReturnType<typeof open>, by = owner, change: Partial<SignIn> = {}) =>
  by.delegate(about, time.clock.now(), { ...binding.signInRequest(), ...change });

beforeEach(() => {
  time = createFakeClock();
  file = join(mkdtempSync(join(tmpdir(), 'wallet-')), 'wallet.json');
  payout = null;
  relayUrl = null;
  network = 'devnet';
  owner = newWalletOwner();
});

test('before the gateway is met the wallet is told of no chain, and its word is good all the same', () => {
  const binding = open();
  network = null;
  expect(binding.signInRequest()).not.toHaveProperty('chainId');
  expect(binding.bind(delegated(binding))).toBe(owner.address);
  network = 'test-credits';
  expect(binding.signInRequest()).toMatchObject({ chainId: 'solana:mainnet' });
});

test('one signature binds the wallet for 30 days, in a file of this user alone, over restarts', () => {
  const binding = open();
  expect(binding.signInRequest()).toMatchObject({ chainId: 'solana:devnet', uri: 'https://gateway.example' });
  payout = binding.bind(delegated(binding));
  expect(payout).toBe(owner.address);
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = open();
  expect(again.status()).toMatchObject({ address: owner.address, isRenewalDue: false, isExpired: false });
  expect(again.delegationFor(gatewayUrl)?.address).toBe(owner.address);
  expect(again.delegationFor('https://other.example')).toBeNull();
  time.advance(26 * dayMs);
  expect(again.status()).toMatchObject({ isRenewalDue: true, isExpired: false });
  time.advance(4 * dayMs);
  expect(again.status()).toMatchObject({ isExpired: true });
  expect(again.delegationFor(gatewayUrl)).toBeNull();
});

test('a sign-in that was not asked for, is used twice, too old, or for another node, binds nothing', async () => {
  const binding = open();
  const code = (signed: Parameters<typeof binding.bind>[0]) => codeOf(() => binding.bind(signed));
  expect(await code(owner.delegate(about, time.clock.now()))).toBe('wallet/bad-delegation');
  expect(await code(delegated(binding, owner, { resources: [] }))).toBe('wallet/bad-delegation');
  const good = delegated(binding);
  time.advance(600_001);
  expect(await code(good)).toBe('wallet/bad-delegation');
  const fresh = delegated(binding);
  payout = binding.bind(fresh);
  expect(await code(fresh)).toBe('wallet/bad-delegation');
});

test('a phone’s sign-in names the relay: it is good while that relay is the one that is set', async () => {
  const binding = open();
  const byPhone = () => delegated(binding, owner, { domain: 'relay.example' });
  expect(await codeOf(() => binding.bind(byPhone()))).toBe('wallet/bad-delegation');
  relayUrl = 'https://other.example';
  expect(await codeOf(() => binding.bind(byPhone()))).toBe('wallet/bad-delegation');
  relayUrl = 'https://relay.example/key-of-the-relay-1';
  expect(binding.bind(byPhone())).toBe(owner.address);
});

test('where no wallet is bound any address may be paid; where one is, only with its signature', async () => {
  const binding = open();
  const next = newWalletOwner().address;
  expect(await binding.changeRequest(next)).toEqual({ message: null });
  expect(await binding.agreeToChange({ address: next })).toBe(next);
  payout = binding.bind(delegated(binding));

  expect(await codeOf(() => binding.checkUnproven(next))).toBe('wallet/proof-needed');
  expect(await codeOf(() => binding.checkUnproven(null))).toBe('wallet/proof-needed');
  expect(await codeOf(() => binding.checkUnproven(payout))).toBe('fine');
  expect(await codeOf(() => binding.agreeToChange({ address: next }))).toBe('wallet/proof-needed');
  // Another wallet's sign-in is no way around it, nor is taking the word back, nor its end.
  const other = newWalletOwner();
  expect(await codeOf(() => binding.bind(delegated(binding, other)))).toBe('wallet/proof-needed');
  binding.revoke();
  expect(binding.status()).toBeNull();
  expect(await codeOf(() => binding.checkUnproven(next))).toBe('wallet/proof-needed');
  time.advance(40 * dayMs);
  expect(open().bound()).toBe(owner.address);
});

test('the change is signed with old and new address, this node and a nonce; it is good once, for five minutes', async () => {
  const binding = open();
  payout = binding.bind(delegated(binding));
  const next = newWalletOwner().address;
  const ask = async () => (await binding.changeRequest(next)).message ?? '';
  const message = await ask();
  for (const part of [owner.address, next, node.nodeId, 'Nonce: ']) expect(message).toContain(part);
  const agree = (signature: string, address = next) =>
    codeOf(() => binding.agreeToChange({ address, signature }));
  expect(await agree(signedBy(newWalletOwner(), message))).toBe('wallet/bad-signature');
  expect(await agree(signedBy(owner, message), newWalletOwner().address)).toBe('wallet/bad-signature');
  expect(await agree(signedBy(owner, message.replace(next, owner.address)))).toBe('wallet/bad-signature');
  time.advance(300_001);
  expect(await agree(signedBy(owner, message))).toBe('wallet/bad-signature');
  const fresh = signedBy(owner, await ask());
  expect(await agree(fresh)).toBe('fine');
  expect(await agree(fresh)).toBe('wallet/bad-signature');
  payout = next;
  expect(binding.status()).toBeNull();
  expect(binding.delegationFor(gatewayUrl)).toBeNull();
});

describe('an address to which the bound wallet agreed, and that has not signed in', () => {
  const typo = newWalletOwner();
  let binding: ReturnType<typeof open>;
  const change = async (to: string, by: WalletOwner) => {
    const { message } = await binding.changeRequest(to);
    return codeOf(() =>
      binding.agreeToChange({ address: to, signature: signedBy(by, message ?? '') }).then((paid) => {
        payout = paid;
      }),
    );
  };
  beforeEach(async () => {
    binding = open();
    payout = binding.bind(delegated(binding));
    expect(await change(typo.address, owner)).toBe('fine');
    binding = open();
  });

  test('is changed by that wallet alone, also after a restart', async () => {
    const next = newWalletOwner();
    expect(binding.bound()).toBe(owner.address);
    expect(await codeOf(() => binding.agreeToChange({ address: next.address }))).toBe('wallet/proof-needed');
    expect(await codeOf(() => binding.checkUnproven(next.address))).toBe('wallet/proof-needed');
    expect(await codeOf(() => binding.bind(delegated(binding, next)))).toBe('wallet/proof-needed');
    expect(await change(next.address, next)).toBe('wallet/bad-signature');
    expect(await change(next.address, owner)).toBe('fine');
    expect(payout).toBe(next.address);
    const words = binding.payoutChanges().map(({ message }) => message);
    expect(words).toEqual([
      expect.stringContaining(`From: ${owner.address}\nTo: ${typo.address}`),
      expect.stringContaining(`From: ${owner.address}\nTo: ${next.address}`),
    ]);
  });

  test('gives way to that wallet’s own sign-in', async () => {
    payout = binding.bind(delegated(binding));
    expect([payout, open().bound()]).toEqual([owner.address, owner.address]);
  });

  test('has the say itself once it signs in', async () => {
    payout = binding.bind(delegated(binding, typo));
    expect(binding.bound()).toBe(typo.address);
    const next = newWalletOwner().address;
    expect(await change(next, owner)).toBe('wallet/bad-signature');
    expect(await change(next, typo)).toBe('fine');
  });
});

test('before the settings have the changed address the wallet’s word is void, and its say is not', async () => {
  const binding = open();
  payout = binding.bind(delegated(binding));
  payout = newWalletOwner().address;
  const again = open();
  expect(again.delegationFor(gatewayUrl)).toBeNull();
  expect(await codeOf(() => again.checkUnproven(newWalletOwner().address))).toBe('wallet/proof-needed');
});
