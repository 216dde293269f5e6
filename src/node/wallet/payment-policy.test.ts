import { expect, test } from 'vitest';
import { settlementMemo } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import type { ChainTransaction } from './chain-transaction.ts';
import { judgePayment, type OwedChannel } from './judge-payment.ts';
import { nextStep } from './payment-policy.ts';
import type { View } from './payment-watch.ts';

const channel = 'CgQgrMMBKqtfq8AgNsRPa2dN2ZkHc7HTYVm3Uj1xqkSF';
const payout = 'Payout111111111111111111111111111111111111';
const treasury = 'Treasury1111111111111111111111111111111111';
const usdc = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v';
const owed: OwedChannel = { channel, payout, mint: nativeMint, treasuries: [treasury], settledAtomic: 100n };
const paid = (change: Partial<ChainTransaction> = {}, received = 50n): ChainTransaction => ({
  signature: 's',
  slot: 7,
  error: null,
  accounts: [treasury, payout, channel],
  feePayer: treasury,
  signers: [treasury],
  feeLamports: 5000n,
  memos: [settlementMemo(channel, 150n)],
  lamports: new Map([
    [treasury, -5050n],
    [payout, received],
  ]),
  tokens: [],
  ...change,
});
const reasonOf = (transaction: ChainTransaction, change: Partial<OwedChannel> = {}) => {
  const verdict = judgePayment(transaction, { ...owed, ...change });
  return verdict.kind === 'disputed' ? verdict.reason : verdict.kind;
};

test('a payment names the channel twice and brings what its memo says', () => {
  expect(judgePayment(paid(), owed)).toEqual({
    kind: 'settlement',
    cumulativeAtomic: 150n,
    receivedAtomic: 50n,
  });
  // Of a claim the wallet pays the fee itself.
  const claim = paid({ feePayer: payout, signers: [payout, treasury] }, 50n - 5000n);
  expect(judgePayment(claim, owed)).toMatchObject({ kind: 'settlement', receivedAtomic: 50n });
});

test('one that brings less, nothing, dust, or another token is disputed, with its reason', () => {
  expect(reasonOf(paid({}, 49n))).toBe('It says 50; 49 came.');
  expect(reasonOf(paid({}, 1n))).toBe('It says 50; 1 came.');
  const elsewhere = paid({ lamports: new Map([[treasury, -50n]]) });
  expect(reasonOf(elsewhere)).toBe(`It says 50; nothing of it came to ${payout}.`);
  const inUsdc = paid({ tokens: [{ owner: payout, mint: usdc, delta: 50n }] }, 0n);
  expect(reasonOf(inUsdc)).toBe(`It paid in ${usdc}, not in SOL.`);
  expect(reasonOf(inUsdc, { mint: usdc })).toBe('settlement');
  expect(reasonOf(paid(), { mint: usdc })).toBe(`It paid in SOL, not in ${usdc}.`);
  expect(reasonOf(paid({ accounts: [treasury, payout] }))).toContain('does not refer to it');
  expect(reasonOf(paid(), { settledAtomic: 150n })).toContain('paid up to 150 before');
});

test('what failed, or says nothing of the channel, is no payment of it', () => {
  expect(reasonOf(paid({ error: '"InstructionError"' }))).toBe('failed');
  expect(reasonOf(paid({ memos: [] }))).toBe('other');
  expect(reasonOf(paid({ memos: [`${settlementMemo(channel, 150n)} `] }))).toBe('other');
  expect(reasonOf(paid({ memos: [settlementMemo(payout, 150n)] }))).toBe('other');
  expect(reasonOf(paid({ memos: [`solanalm:settle:v1:${channel}:0150`] }))).toBe('other');
});

test('who is not the gateway pays nothing of a channel, whatever the memo says', () => {
  const stranger = paid(
    { feePayer: payout, signers: ['Stranger'], memos: [settlementMemo(channel, 101n)] },
    1n,
  );
  expect(reasonOf(stranger)).toBe('stranger');
  expect(reasonOf(stranger, { treasuries: [] })).toBe('stranger');
  expect(reasonOf(paid({ signers: ['Stranger'] }, 3n))).toBe('stranger');
  expect(reasonOf(paid(), { treasuries: ['Before', treasury] })).toBe('settlement');
});

test('what a gateway says it has paid from an unknown treasury waits until its terms can have come', () => {
  const unknown = paid({ signers: ['New treasury'] });
  expect(nextStep(payment, owed, [view('finalized', unknown)], 1)).toEqual({ do: 'wait' });
  expect(nextStep(payment, owed, [view('finalized', unknown, 1033)], 1)).toMatchObject({ state: 'failed' });
});

const payment = {
  state: 'submitted' as const,
  mode: 'gateway' as const,
  bytes: null,
  lastValidBlockHeight: 1000,
  amountAtomic: 50n,
};
const view = (level: View['level'], transaction: ChainTransaction | null = null, finalizedHeight = 900) => ({
  level,
  transaction,
  finalizedHeight,
});

test('final is what as many endpoints show as are asked, alike', () => {
  const final = view('finalized', paid());
  expect(nextStep(payment, owed, [final], 1)).toEqual({
    do: 'finalize',
    receivedAtomic: 50n,
    cumulativeAtomic: 150n,
    slot: 7,
  });
  expect(nextStep(payment, owed, [final], 2)).toMatchObject({ do: 'enter', state: 'confirmed' });
  expect(nextStep(payment, owed, [final, final], 2)).toMatchObject({ do: 'finalize' });
  expect(nextStep(payment, owed, [final, view('finalized', paid({}, 49n))], 2)).toMatchObject({
    state: 'confirmed',
  });
  expect(nextStep(payment, owed, [final, view('rumoured')], 2)).toMatchObject({ state: 'confirmed' });
  // What came is an endpoint's word: two that tell of other sums are not alike, though each is enough.
  expect(nextStep(payment, owed, [final, view('finalized', paid({}, 51n))], 2)).toMatchObject({
    state: 'confirmed',
  });
});

test('on a bare word nothing happens', () => {
  expect(nextStep(payment, owed, [view('rumoured')], 1)).toEqual({ do: 'wait' });
  expect(nextStep({ ...payment, state: 'confirmed' }, owed, [view('rumoured')], 1)).toEqual({ do: 'wait' });
  expect(nextStep(payment, owed, [], 1)).toEqual({ do: 'wait' });
});

test('what was confirmed and is on no endpoint any more goes back; what is too old expires once all have seen it', () => {
  const confirmed = { ...payment, state: 'confirmed' as const };
  expect(nextStep(confirmed, owed, [view('none'), view('processed')], 1)).toMatchObject({
    state: 'submitted',
  });
  expect(nextStep(payment, owed, [view('none', null, 1032)], 1)).toEqual({ do: 'wait' });
  expect(nextStep(payment, owed, [view('none', null, 1033)], 1)).toMatchObject({ state: 'expired' });
  expect(nextStep(payment, owed, [view('none', null, 2000), view('none', null, 5)], 1)).toEqual({
    do: 'wait',
  });
  expect(nextStep({ ...payment, state: 'expired' }, owed, [view('finalized', paid())], 1)).toMatchObject({
    do: 'finalize',
  });
});

test('what the node sends itself is sent again while it can land', () => {
  const own = { ...payment, bytes: new Uint8Array(3) };
  expect(nextStep(own, owed, [view('none')], 1)).toEqual({ do: 'send' });
  expect(nextStep(own, owed, [view('processed')], 1)).toEqual({ do: 'wait' });
  expect(nextStep(own, owed, [view('none', null, 1001)], 1)).toEqual({ do: 'wait' });
});

test('what the chain refused, and what is another’s, ends so', () => {
  expect(nextStep(payment, owed, [view('finalized', paid({ error: 'no' }))], 1)).toMatchObject({
    state: 'failed',
    reason: 'no',
  });
  expect(nextStep(payment, owed, [view('finalized', paid({ memos: [] }))], 1)).toMatchObject({
    state: 'failed',
  });
  expect(nextStep(payment, owed, [view('finalized', paid({}, 3n))], 1)).toMatchObject({ state: 'disputed' });
  expect(nextStep(payment, null, [view('finalized', paid({ memos: [] }))], 1)).toMatchObject({
    do: 'finalize',
    cumulativeAtomic: null,
  });
});
