import { PublicKey, SystemProgram } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import type { PayoutChange } from '#contract/wire/payout-change.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { judgeRegistration } from './payout-wallets.ts';

const now = Date.parse('2026-11-26T12:00:00Z');
const owner = newWalletOwner();
const other = newWalletOwner();
const node = { nodeKey: newWalletOwner().address, nodeId: 'slm-1', gatewayOrigin: 'http://localhost:8001' };
const treasury = newWalletOwner().address;
const origins = ['http://127.0.0.1:8001', 'http://localhost:8001'];
type Known = Parameters<typeof judgeRegistration>[1];

const judge = (
  wallet: string,
  delegation: ReturnType<typeof owner.delegate> | undefined,
  known: Partial<Known> = {},
  nodeKey: string | null = node.nodeKey,
  changes?: PayoutChange[],
) =>
  judgeRegistration(
    {
      nodeId: node.nodeId,
      nodeKey,
      capabilities: { wallet_address: wallet, delegation, payout_changes: changes },
    },
    {
      treasury: null,
      origins,
      relays: [],
      bound: null,
      proven: null,
      spent: new Set<string>(),
      endedAt: null,
      now,
      ...known,
    },
  );
const paid = { bound: { payout: owner.address }, proven: owner.address };

test('a sign-in on a phone is taken from a relay that the gateway was told of', () => {
  const byPhone = owner.delegate({ ...node, gatewayOrigin: 'http://127.0.0.1:8001' }, now, {
    domain: 'relay.example',
  });
  expect(() => judge(owner.address, byPhone)).toThrow('Line 1');
  expect(judge(owner.address, byPhone, { relays: ['https://relay.example'] })).toMatchObject({
    address: owner.address,
  });
});

describe('with test credits', () => {
  test('a node may come without its wallet’s word, and change a wallet that never gave it', () => {
    expect(judge(owner.address, undefined)).toBeNull();
    expect(judge(other.address, undefined, { bound: { payout: owner.address } })).toBeNull();
  });

  test('a word that is given must hold', () => {
    expect(judge(owner.address, owner.delegate(node, now))).toMatchObject({
      address: owner.address,
      issuedAt: now,
    });
    expect(() => judge(other.address, owner.delegate(node, now))).toThrow('the payout address is');
    expect(() => judge(owner.address, owner.delegate({ ...node, nodeId: 'slm-2' }, now))).toThrow(
      'not for this node',
    );
    expect(() => judge(owner.address, owner.delegate(node, now), {}, null)).toThrow('signs its calls');
  });

  test('a wallet that gave its word is only replaced by one that does', () => {
    expect(judge(owner.address, undefined, paid)).toBeNull();
    expect(() => judge(other.address, undefined, paid)).toThrow('must sign in before it is paid');
    expect(() => judge(other.address, other.delegate(node, now), paid)).toThrow(
      `${owner.address} must agree`,
    );
    const third = newWalletOwner();
    const first = owner.agreeToChange({ from: owner.address, to: other.address, nodeId: node.nodeId }, now);
    const second = other.agreeToChange({ from: other.address, to: third.address, nodeId: node.nodeId }, now);
    const agreed = (wallet: typeof owner, changes: (typeof first)[]) =>
      judge(wallet.address, wallet.delegate(node, now), paid, node.nodeKey, changes);
    expect(agreed(other, [first])).toMatchObject({ address: other.address });
    // The gateway may have been away when the one in between was paid.
    expect(agreed(third, [first, second])).toMatchObject({ address: third.address });
    expect(() => agreed(third, [second])).toThrow('must agree');
    expect(() => agreed(third, [first])).toThrow('must agree');
    // With test credits the old wallet's word is enough.
    expect(judge(other.address, undefined, paid, null, [first])).toBeNull();
  });
});

describe('a wallet that was paid after another had signed in, and never did itself', () => {
  const typo = newWalletOwner();
  const known: Partial<Known> = { bound: { payout: typo.address }, proven: owner.address };
  const change = (by: typeof owner, to: typeof owner) =>
    by.agreeToChange({ from: by.address, to: to.address, nodeId: node.nodeId }, now);
  const register = (wallet: typeof owner, changes: PayoutChange[], more: Partial<Known> = {}) =>
    judge(wallet.address, wallet.delegate(node, now), { ...known, ...more }, node.nodeKey, changes);

  test('is replaced by what the one that signed in agrees to, or by its own word', () => {
    expect(register(other, [change(owner, typo), change(owner, other)])).toMatchObject({
      address: other.address,
    });
    expect(register(other, [change(typo, other)])).toMatchObject({ address: other.address });
    expect(judge(other.address, undefined, known, node.nodeKey, [change(owner, other)])).toBeNull();
    // Where the gateway never took the mistyped one.
    expect(register(other, [change(owner, typo), change(owner, other)], paid)).toMatchObject({
      address: other.address,
    });
  });

  test('is not replaced by whoever has the node’s key', () => {
    for (const changes of [[], [change(other, other)], [change(owner, typo)]]) {
      expect(() => register(other, changes)).toThrow(`${owner.address} must agree`);
      expect(() => judge(other.address, undefined, known, node.nodeKey, changes)).toThrow('must sign in');
    }
  });

  test('gives way to the one that signed in, once that does so again', () => {
    expect(() => judge(owner.address, undefined, known)).toThrow('must sign in');
    expect(register(owner, [])).toMatchObject({ address: owner.address });
  });

  test('has the say once it has signed in', () => {
    expect(register(typo, [])).toMatchObject({ address: typo.address });
    const after = { proven: typo.address };
    expect(() => register(other, [change(owner, other)], after)).toThrow(`${typo.address} must agree`);
  });

  test('is not brought back by words that were used', () => {
    const old = change(owner, other);
    expect(register(other, [old], paid)).toMatchObject({ address: other.address });
    expect(() => register(other, [old], { ...paid, spent: new Set([old.message]) })).toThrow('must agree');
  });
});

describe('a node is not registered to be paid', () => {
  const [account] = PublicKey.findProgramAddressSync([Buffer.from('x')], SystemProgram.programId);
  test.each([
    ['at what is no address', 'not even an address', 'has no “ ” in it'],
    ['at a key that is too short', owner.address.slice(0, 30), 'has 32 to 44 characters'],
    ['with a space before it', ` ${owner.address}`, 'no space around it'],
    ['at a program', SystemProgram.programId.toBase58(), 'is a program or a token'],
    ['at a mint', 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v', 'is a program or a token'],
    ['off the curve', account.toBase58(), 'no wallet’s key can sign for it'],
    ['at the gateway’s treasury', treasury, 'this gateway’s own treasury'],
  ])('%s', (_name, wallet, why) => {
    const refused = (() => {
      try {
        judge(wallet, undefined, { treasury });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(refused).toMatchObject({ code: 'wallet/invalid-address', message: expect.stringContaining(why) });
  });
});

test('on a chain nobody comes without', () => {
  expect(() => judge(owner.address, undefined, { treasury: treasury })).toThrow('must sign in once');
  expect(judge(owner.address, owner.delegate(node, now), { treasury: treasury })).toMatchObject({
    nodeKey: node.nodeKey,
  });
});

test('one taken back is followed by a newer one only', () => {
  const word = owner.delegate(node, now);
  expect(() => judge(owner.address, word, { endedAt: now })).toThrow('was taken back');
  expect(() => judge(owner.address, undefined, { endedAt: now })).toThrow('was taken back');
  expect(judge(owner.address, word, { endedAt: now - 1 })).toMatchObject({ issuedAt: now });
});
