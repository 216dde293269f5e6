import { keyBytes } from '#contract/settlement/channel-id.ts';
import { exactBase64, verifyBytes } from '#contract/settlement/ed25519.ts';
import { decodeVoucher, type SignedVoucher, type Voucher, voucherBytes } from '#contract/wire/voucher.ts';

/** What the node knows of a channel when a voucher comes. Amounts in the mint's smallest unit. */
export interface ChannelState {
  /** base58 of 32 bytes. */
  channel: string;
  /** The last voucher that was taken. */
  voucheredAtomic: bigint;
  /** Its expiry in unix seconds; null before the first. */
  expiresAt: bigint | null;
  /** The furthest place in the channel that the gateway gave a receipt of this node. */
  reachedAtomic: bigint;
  settledAtomic: bigint;
}

export interface VoucherFacts {
  /** base58; the gateway's key as it was pinned. */
  signer: string;
  nowSeconds: number;
  /** A voucher must outlast the time in which it is settled. */
  settleWindowSeconds: number;
  /** The most that a voucher may be above what is settled: the deposit, or the credit that the operator gives; null: without end. */
  limitAtomic: bigint | null;
}

export type VoucherRule =
  | 'signer'
  | 'bytes'
  | 'channel'
  | 'signature'
  | 'increasing'
  | 'increment'
  | 'expiry'
  | 'limit';

export type VoucherDecision =
  | { result: 'accepted'; bytes: Uint8Array; cumulativeAtomic: bigint; expiresAt: bigint }
  /** The one that is had already. */
  | { result: 'known' }
  | { result: 'refused'; rule: VoucherRule; sentence: string };

/**
 * Whether a voucher is taken. Receipts have places one after the other, so a voucher that reaches the furthest of them rises by what
 * all that are newly covered are owed; it may lie beyond where other nodes are paid to the same wallet. The same sum with a later
 * expiry is the old voucher, renewed.
 */
export function acceptVoucher(
  state: ChannelState,
  signed: SignedVoucher,
  facts: VoucherFacts,
): VoucherDecision {
  const refuse = (rule: VoucherRule, sentence: string): VoucherDecision => ({
    result: 'refused',
    rule,
    sentence,
  });
  if (signed.signer !== facts.signer) return refuse('signer', `The voucher is signed by ${signed.signer}.`);
  const bytes = exactBase64(signed.voucher);
  if (bytes?.length !== voucherBytes)
    return refuse('bytes', `The voucher has ${bytes?.length ?? 'no readable'} bytes, not ${voucherBytes}.`);
  const voucher = layoutOf(bytes);
  if (!voucher) return refuse('bytes', 'The voucher is of an unknown layout.');
  const { cumulativeAtomic, expiresAt } = voucher;
  if (Buffer.compare(voucher.channel, keyBytes(state.channel)) !== 0)
    return refuse('channel', 'The voucher belongs to another channel.');
  if (!verifyBytes(bytes, signed.signature, signed.signer))
    return refuse('signature', 'The signature does not fit the voucher.');

  const risen = cumulativeAtomic - state.voucheredAtomic;
  const isLater = state.expiresAt === null || expiresAt > state.expiresAt;
  if (risen === 0n && expiresAt === state.expiresAt && cumulativeAtomic >= state.reachedAtomic)
    return { result: 'known' };
  if (risen < 0n || (risen === 0n && !isLater && cumulativeAtomic >= state.reachedAtomic))
    return refuse('increasing', `The voucher is for ${cumulativeAtomic}, no more than the one before.`);
  if (cumulativeAtomic < state.reachedAtomic)
    return refuse(
      'increment',
      `The voucher is for ${cumulativeAtomic}; ${state.reachedAtomic - cumulativeAtomic} more was accepted.`,
    );
  if (expiresAt <= BigInt(facts.nowSeconds + facts.settleWindowSeconds))
    return refuse('expiry', 'The voucher runs out before it must be settled.');
  if (facts.limitAtomic !== null && cumulativeAtomic - state.settledAtomic > facts.limitAtomic)
    return refuse(
      'limit',
      `The voucher is ${cumulativeAtomic - state.settledAtomic} above what is paid; the limit is ${facts.limitAtomic}.`,
    );
  return { result: 'accepted', bytes, cumulativeAtomic, expiresAt };
}

function layoutOf(bytes: Uint8Array): Voucher | null {
  try {
    const voucher = decodeVoucher(bytes);
    // The books count in signed 64 bits.
    return voucher.cumulativeAtomic < 1n << 63n ? voucher : null;
  } catch {
    return null;
  }
}
