import type { EarningsSummary } from '#contract/earnings.ts';

/** How our own sums stand against what the gateway says it owes. All lamports, as bigint. */
export type Reconciliation =
  | { state: 'unknown' }
  | { state: 'equal'; owed: bigint; at: number }
  /** Equal but for receipts that the gateway has not answered yet. */
  | { state: 'waiting'; owed: bigint; waiting: bigint; at: number }
  | { state: 'different'; owed: bigint; ours: bigint; difference: bigint; at: number };

/** What was agreed, vouchered or paid must be just what the gateway says; what is not answered yet may already be in its sum. */
export function reconcile(summary: EarningsSummary): Reconciliation {
  if (!summary.gatewayOwes) return { state: 'unknown' };
  const { at } = summary.gatewayOwes;
  const owed = BigInt(summary.gatewayOwes.lamports);
  const { agreed, vouchered, settled } = summary.byState;
  const ours = BigInt(agreed) + BigInt(vouchered) + BigInt(settled);
  const waiting = BigInt(summary.byState.earned);
  if (owed === ours)
    return waiting === 0n ? { state: 'equal', owed, at } : { state: 'waiting', owed, waiting, at };
  if (owed > ours && owed <= ours + waiting) return { state: 'waiting', owed, waiting, at };
  return { state: 'different', owed, ours, difference: owed - ours, at };
}
