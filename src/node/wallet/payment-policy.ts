import type { Payment } from '../ledger/payment-book.ts';
import { judgePayment, type OwedChannel, type PaymentVerdict } from './judge-payment.ts';
import type { View } from './payment-watch.ts';

/** How many finalized blocks must have passed a transaction's last valid one before it counts as gone for good. */
const expiryMarginBlocks = 32;

export type PaymentStep =
  /** `cumulativeAtomic` null: it names no channel. */
  | { do: 'finalize'; receivedAtomic: bigint; cumulativeAtomic: bigint | null; slot: number }
  | {
      do: 'enter';
      state: 'confirmed' | 'submitted' | 'expired' | 'failed' | 'disputed';
      reason: string | null;
    }
  /** Not on the chain, and still good: the same bytes are sent again. */
  | { do: 'send' }
  | { do: 'wait' };

/**
 * The next step of a payment, from what endpoints that answer show. Final is what `quorum` of them show as finalized, with the same
 * outcome; on a bare word nothing happens. What one showed as confirmed and none has any more is gone: a fork.
 */
export function nextStep(
  payment: Pick<Payment, 'state' | 'mode' | 'bytes' | 'lastValidBlockHeight' | 'amountAtomic'>,
  owed: OwedChannel | null,
  views: readonly View[],
  quorum: number,
): PaymentStep {
  const shown = views.flatMap((view) =>
    view.transaction ? [{ ...view, transaction: view.transaction }] : [],
  );
  const { lastValidBlockHeight: last } = payment;
  const isPast = (blocks: number) =>
    last !== null && views.every(({ finalizedHeight }) => finalizedHeight > last + blocks);
  const finals = shown.filter(({ level }) => level === 'finalized');
  for (const { transaction } of finals) {
    const outcome = outcomeOf(transaction, owed);
    const like = finals.filter((other) => isSame(outcomeOf(other.transaction, owed), outcome));
    if (like.length < quorum) continue;
    if (owed === null && outcome.kind === 'other')
      return {
        do: 'finalize',
        receivedAtomic: payment.amountAtomic,
        cumulativeAtomic: null,
        slot: transaction.slot,
      };
    // Its gateway may have a new treasury, which it tells before long.
    if (outcome.kind === 'stranger' && !isPast(expiryMarginBlocks)) return { do: 'wait' };
    return stepOf(outcome, transaction.slot);
  }
  if (shown.length > 0)
    return payment.state === 'confirmed' ? { do: 'wait' } : { do: 'enter', state: 'confirmed', reason: null };
  if (views.length === 0 || views.some(({ level }) => level === 'rumoured')) return { do: 'wait' };
  if (payment.state === 'confirmed')
    return { do: 'enter', state: 'submitted', reason: 'It was on the chain and is gone.' };
  if (views.some(({ level }) => level === 'processed')) return { do: 'wait' };
  if (isPast(expiryMarginBlocks))
    return payment.state === 'expired'
      ? { do: 'wait' }
      : { do: 'enter', state: 'expired', reason: 'It was not taken up in time and can no longer be.' };
  return payment.bytes !== null && !isPast(0) ? { do: 'send' } : { do: 'wait' };
}

function outcomeOf(
  transaction: Parameters<typeof judgePayment>[0],
  owed: OwedChannel | null,
): PaymentVerdict {
  if (owed) return judgePayment(transaction, owed);
  return transaction.error === null
    ? { kind: 'other', receivedAtomic: 0n }
    : { kind: 'failed', reason: transaction.error };
}

function stepOf(outcome: PaymentVerdict, slot: number): PaymentStep {
  switch (outcome.kind) {
    case 'settlement':
      return { do: 'finalize', ...pick(outcome), slot };
    case 'disputed':
      return { do: 'enter', state: 'disputed', reason: outcome.reason };
    case 'failed':
      return { do: 'enter', state: 'failed', reason: outcome.reason };
    case 'stranger':
      return { do: 'enter', state: 'failed', reason: 'It is not from the gateway’s treasury.' };
    case 'other':
      return { do: 'enter', state: 'failed', reason: 'It is no payment of this channel.' };
  }
}

const pick = ({
  receivedAtomic,
  cumulativeAtomic,
}: {
  receivedAtomic: bigint;
  cumulativeAtomic: bigint;
}) => ({ receivedAtomic, cumulativeAtomic });

const isSame = (one: PaymentVerdict, other: PaymentVerdict): boolean =>
  one.kind === other.kind &&
  textOf(one) === textOf(other) &&
  ('receivedAtomic' in one ? one.receivedAtomic : 0n) ===
    ('receivedAtomic' in other ? other.receivedAtomic : 0n);

const textOf = (verdict: PaymentVerdict): string =>
  `${'cumulativeAtomic' in verdict ? verdict.cumulativeAtomic : ''} ${'reason' in verdict ? verdict.reason : ''}`;
