import { settlementMemo } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import type { ChainTransaction } from './chain-transaction.ts';

/** What a channel is to be paid, as the node's own books have it. */
export interface OwedChannel {
  channel: string;
  payout: string;
  mint: string;
  /** Who pays it: anybody can send a lamport with its memo. */
  treasuries: readonly string[];
  settledAtomic: bigint;
}

export type PaymentVerdict =
  /** It pays the channel up to `cumulativeAtomic`. */
  | { kind: 'settlement'; cumulativeAtomic: bigint; receivedAtomic: bigint }
  /** It says that it pays the channel, and does not. */
  | { kind: 'disputed'; cumulativeAtomic: bigint; receivedAtomic: bigint; reason: string }
  /** The chain refused it. */
  | { kind: 'failed'; reason: string }
  /** It speaks of the channel, and none of its treasuries has signed it. */
  | { kind: 'stranger'; receivedAtomic: bigint }
  /** It says nothing of this channel. */
  | { kind: 'other'; receivedAtomic: bigint };

const memoPattern = /^solanalm:settle:v1:([1-9A-HJ-NP-Za-km-z]{32,44}):(0|[1-9]\d{0,17})$/;

/** Whether a transaction is a payment of the channel: who signed it, reference, memo and what came to the payout wallet. */
export function judgePayment(transaction: ChainTransaction, owed: OwedChannel): PaymentVerdict {
  const { channel, payout, mint, treasuries, settledAtomic } = owed;
  if (transaction.error !== null) return { kind: 'failed', reason: transaction.error };
  const receivedAtomic = receivedOf(transaction, payout, mint);
  const told = transaction.memos.map(settlementIn).find((memo) => memo?.channel === channel);
  if (!told) return { kind: 'other', receivedAtomic };
  if (!treasuries.some((treasury) => transaction.signers.includes(treasury)))
    return { kind: 'stranger', receivedAtomic };
  const { cumulativeAtomic } = told;
  const due = cumulativeAtomic - settledAtomic;
  const disputed = (reason: string): PaymentVerdict => ({
    kind: 'disputed',
    cumulativeAtomic,
    receivedAtomic: receivedAtomic > 0n ? receivedAtomic : 0n,
    reason,
  });
  if (!transaction.accounts.includes(channel))
    return disputed('Its memo names the channel, but it does not refer to it.');
  if (due <= 0n)
    return disputed(`It says ${cumulativeAtomic}; the channel was paid up to ${settledAtomic} before.`);
  if (receivedAtomic >= due) return { kind: 'settlement', cumulativeAtomic, receivedAtomic };
  const other = transaction.tokens.find(({ owner, delta }) => owner === payout && delta > 0n);
  if (receivedAtomic > 0n) return disputed(`It says ${due}; ${receivedAtomic} came.`);
  if (other && other.mint !== mint) return disputed(`It paid in ${other.mint}, not in ${nameOf(mint)}.`);
  if (mint !== nativeMint && (transaction.lamports.get(payout) ?? 0n) > 0n)
    return disputed(`It paid in SOL, not in ${mint}.`);
  return disputed(`It says ${due}; nothing of it came to ${payout}.`);
}

/** What came to a wallet, the network's fee that it paid itself left aside. */
export function receivedOf(transaction: ChainTransaction, wallet: string, mint: string): bigint {
  if (mint !== nativeMint)
    return transaction.tokens
      .filter((change) => change.owner === wallet && change.mint === mint)
      .reduce((sum, { delta }) => sum + delta, 0n);
  const fee = transaction.feePayer === wallet ? transaction.feeLamports : 0n;
  return (transaction.lamports.get(wallet) ?? 0n) + fee;
}

/** Memos of ours are written in one way only. */
function settlementIn(memo: string): { channel: string; cumulativeAtomic: bigint } | null {
  const [, channel = '', cumulative = ''] = memoPattern.exec(memo) ?? [];
  if (channel === '') return null;
  const cumulativeAtomic = BigInt(cumulative);
  return settlementMemo(channel, cumulativeAtomic) === memo ? { channel, cumulativeAtomic } : null;
}

const nameOf = (mint: string) => (mint === nativeMint ? 'SOL' : mint);
