import fc from 'fast-check';
import { expect, test } from 'vitest';
import { solUnit } from '#contract/assets.ts';
import type { PayerFigures } from '../ledger/sums.ts';
import { gatewayRefusal, payerOf, payerRefusal, unsettledOf, unvoucheredOf } from './credit.ts';

const limits = {
  unvoucheredLamports: 1000n,
  unsettledLamports: 3000n,
  gatewayLamports: 5000n,
  blockedPayers: ['blocked'],
};
const promises = { vouches: true, pays: true };
const figures = (change: Partial<PayerFigures> = {}): PayerFigures => ({
  gatewayUrl: 'http://gateway',
  money: 'devnet',
  asset: 'SOL',
  payer: 'payer',
  earned: 0n,
  agreed: 0n,
  disputed: 0n,
  unattributed: 0n,
  writtenOff: 0n,
  vouchered: 0n,
  settled: 0n,
  paidAt: null,
  ...change,
});

const inSol = (owed: bigint) => ({ owed, asset: 'SOL' });

test('a payer is served up to its limit of work without a voucher, and again once that is covered', () => {
  const code = (change: Partial<PayerFigures>) =>
    payerRefusal('payer', figures(change), limits, promises)?.code ?? null;
  expect(payerRefusal('new', null, limits, promises)).toBeNull();
  expect(code({ earned: 999n })).toBeNull();
  expect(code({ earned: 1000n })).toBe('payer/credit-limit');
  expect(code({ agreed: 1000n })).toBe('payer/credit-limit');
  expect(code({ agreed: 2999n, vouchered: 2000n })).toBeNull();
});

test('a payer is served up to its limit of work that is not paid, though all of it is vouched for', () => {
  const refusal = (settled: bigint) =>
    payerRefusal('payer', figures({ agreed: 9000n, vouchered: 9000n, settled }), limits, promises);
  expect(refusal(6001n)).toBeNull();
  expect(refusal(6000n)).toMatchObject({
    code: 'payer/credit-limit',
    message:
      'This node stops serving payer, which owes it 3000 lamports without having paid; the limit is 3000.',
    data: { payer: 'payer', lack: 'unsettled', owedLamports: '3000', limitLamports: '3000' },
  });
});

test('work that is disputed counts as work that nobody vouched for', () => {
  expect(payerRefusal('payer', figures({ disputed: 1000n }), limits, promises)).toMatchObject({
    code: 'payer/credit-limit',
    status: 402,
  });
});

test('disputed work that is written off counts no more, the rest of it does', () => {
  const code = (writtenOff: bigint) =>
    payerRefusal('payer', figures({ disputed: 5000n, writtenOff }), limits, promises)?.code ?? null;
  expect(code(0n)).toBe('payer/credit-limit');
  expect(code(4000n)).toBe('payer/credit-limit');
  expect(code(4001n)).toBeNull();
  const shown = payerOf(figures({ disputed: 5000n, writtenOff: 4001n }), solUnit, limits, promises);
  expect(shown).toMatchObject({
    network: 'devnet',
    earnedLamports: '5000',
    unvoucheredLamports: '999',
    unsettledLamports: '999',
    disputedLamports: '999',
    writtenOffLamports: '4001',
    limitReached: null,
  });
});

test('a payer below its own limits is shown with its gateway’s, where that is reached', () => {
  const shown = (change: Partial<PayerFigures>) =>
    payerOf(figures(change), solUnit, limits, promises, true).limitReached;
  expect(shown({ earned: 1n })).toBe('gateway');
  expect(shown({ earned: 1000n })).toBe('unvouchered');
});

test('a blocked payer is refused whatever it owes', () => {
  expect(payerRefusal('blocked', null, limits, promises)).toMatchObject({
    code: 'payer/blocked',
    status: 403,
  });
});

test('a gateway without vouchers or a chain is not held to them', () => {
  expect(
    payerRefusal('payer', figures({ earned: 10n ** 9n }), limits, { vouches: false, pays: false }),
  ).toBeNull();
  expect(
    gatewayRefusal('http://gateway', inSol(10n ** 9n), limits, { vouches: true, pays: false }),
  ).toBeNull();
});

test('a gateway is served until it owes as much as is given, and the reason says so', () => {
  expect(gatewayRefusal('http://gateway', inSol(4999n), limits, promises)).toBeNull();
  const refusal = gatewayRefusal('http://gateway', inSol(5000n), limits, promises);
  expect(refusal?.message).toBe(
    'This node stops serving http://gateway, because that gateway owes it 5000 lamports; the limit is 5000.',
  );
  expect(refusal?.data).toMatchObject({ lack: 'gateway', owedLamports: '5000', limitLamports: '5000' });
});

test('whatever is done, what is owed never falls by serving, and never rises by paying', () => {
  const amount = fc.bigInt({ min: 0n, max: 10n ** 15n });
  fc.assert(
    fc.property(amount, amount, amount, (agreed, share, more) => {
      const vouchered = share % (agreed + 1n);
      const before = figures({ agreed, vouchered });
      const served = figures({ agreed, vouchered, earned: more });
      expect(unvoucheredOf(served)).toBe(unvoucheredOf(before) + more);
      const paid = figures({ agreed, vouchered, settled: vouchered });
      expect(unsettledOf(paid)).toBe(unsettledOf(before) - vouchered);
      expect(unvoucheredOf(paid)).toBe(unvoucheredOf(before));
      const shown = payerOf(served, solUnit, limits, promises);
      const isUnvouchered = unvoucheredOf(served) >= limits.unvoucheredLamports;
      const isUnsettled = unsettledOf(served) >= limits.unsettledLamports;
      expect(shown.limitReached).toBe(isUnvouchered ? 'unvouchered' : isUnsettled ? 'unsettled' : null);
      expect(payerRefusal('payer', served, limits, promises) !== null).toBe(shown.limitReached !== null);
      expect(shown.earnedLamports).toBe(`${agreed + more}`);
    }),
  );
});
