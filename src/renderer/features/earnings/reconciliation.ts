import type { EarningsSummary } from '#contract/earnings.ts';
import type { MoneySums } from '#contract/wallet.ts';

/** How our own sums stand against what the gateway says it owes. All lamports, as bigint. */
export type Reconciliation =
  | { state: 'unknown' }
  | { state: 'equal'; owed: bigint; at: number }
  /** Equal but for receipts that the gateway has not answered yet. */
  | { state: 'waiting'; owed: bigint; waiting: bigint; at: number }
  | { state: 'different'; owed: bigint; ours: bigint; difference: bigint; at: number };

/**
 * What was agreed, vouched for or paid must be just what the gateway says it owes in all; what is not answered yet may already be in
 * its sum.
 */
export function reconcile(summary: EarningsSummary): Reconciliation {
  if (!summary.gatewayOwes) return { state: 'unknown' };
  const { at } = summary.gatewayOwes;
  const owed = BigInt(summary.gatewayOwes.lamports);
  const ours = BigInt(summary.gatewayOwes.agreedLamports);
  const waiting = BigInt(summary.gatewayOwes.waitingLamports);
  if (owed === ours)
    return waiting === 0n ? { state: 'equal', owed, at } : { state: 'waiting', owed, waiting, at };
  if (owed > ours && owed <= ours + waiting) return { state: 'waiting', owed, waiting, at };
  return { state: 'different', owed, ours, difference: owed - ours, at };
}

/** Earned and not paid yet: without a voucher, or with one. */
export const pendingOf = (sums: MoneySums): bigint =>
  BigInt(sums.unvoucheredLamports) + BigInt(sums.voucheredLamports);

const terms = [
  ['fees', 'feeLamports'],
  ['unvouchered', 'unvoucheredLamports'],
  ['vouchered', 'voucheredLamports'],
  ['settled', 'settledLamports'],
  ['disputed', 'disputedLamports'],
  ['unattributed', 'unattributedLamports'],
] as const;

/** Added up here once more, whatever the host says: the difference is its own where that is none. */
export function addsUp(sums: MoneySums) {
  const parts = terms.map(([name, field]) => ({ name, lamports: BigInt(sums[field]) }));
  const rest = parts.reduce((left, { lamports }) => left - lamports, BigInt(sums.grossLamports));
  const difference = rest === 0n ? BigInt(sums.differenceLamports) : rest;
  return { parts, difference, isRight: difference === 0n };
}
