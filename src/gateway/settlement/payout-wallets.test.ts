import { describe, expect, test } from 'vitest';
import type { PayoutChange } from '#contract/wire/payout-change.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { judgeRegistration } from './payout-wallets.ts';

const now = Date.parse('2026-11-26T12:00:00Z');
const owner = newWalletOwner();
const other = newWalletOwner();
const node = { nodeKey: newWalletOwner().address, nodeId: 'slm-1', gatewayOrigin: 'http://localhost:8001' };
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
    { isChain: false, origins, bound: null, endedAt: null, now, ...known },
  );
const bound = (isDelegated: boolean) => ({
  payout: owner.address,
  payoutBy: 'gateway' as const,
  isDelegated,
});

describe('with test credits', () => {
  test('a node may come without its wallet’s word, and change a wallet that never gave it', () => {
    expect(judge(owner.address, undefined)).toBeNull();
    expect(judge('not even an address', undefined)).toBeNull();
    expect(judge(other.address, undefined, { bound: bound(false) })).toBeNull();
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
    expect(judge(owner.address, undefined, { bound: bound(true) })).toBeNull();
    expect(() => judge(other.address, undefined, { bound: bound(true) })).toThrow(
      'must sign in before it is paid',
    );
    expect(() => judge(other.address, other.delegate(node, now), { bound: bound(true) })).toThrow(
      `${owner.address} must agree`,
    );
    const third = newWalletOwner();
    const first = owner.agreeToChange({ from: owner.address, to: other.address, nodeId: node.nodeId }, now);
    const second = other.agreeToChange({ from: other.address, to: third.address, nodeId: node.nodeId }, now);
    const agreed = (wallet: typeof owner, changes: (typeof first)[]) =>
      judge(wallet.address, wallet.delegate(node, now), { bound: bound(true) }, node.nodeKey, changes);
    expect(agreed(other, [first])).toMatchObject({ address: other.address });
    // The gateway may have been away when the one in between was paid.
    expect(agreed(third, [first, second])).toMatchObject({ address: third.address });
    expect(() => agreed(third, [second])).toThrow('must agree');
    expect(() => agreed(third, [first])).toThrow('must agree');
    // With test credits the old wallet's word is enough.
    expect(judge(other.address, undefined, { bound: bound(true) }, null, [first])).toBeNull();
  });
});

test('on a chain nobody comes without', () => {
  expect(() => judge(owner.address, undefined, { isChain: true })).toThrow('must sign in once');
  expect(judge(owner.address, owner.delegate(node, now), { isChain: true })).toMatchObject({
    nodeKey: node.nodeKey,
  });
});

test('one taken back is followed by a newer one only', () => {
  const word = owner.delegate(node, now);
  expect(() => judge(owner.address, word, { endedAt: now })).toThrow('was taken back');
  expect(() => judge(owner.address, undefined, { endedAt: now })).toThrow('was taken back');
  expect(judge(owner.address, word, { endedAt: now - 1 })).toMatchObject({ issuedAt: now });
});
