import { channelId } from '#contract/settlement/channel-id.ts';
import type { ByteSigner } from '#contract/settlement/ed25519.ts';
import { signVoucher } from '#contract/settlement/signed-voucher.ts';
import type { Channel, SignedVoucher } from '#contract/wire/voucher.ts';
import type { ChannelBook, ChannelTerms } from './channel-book.ts';

const daySeconds = 86_400;
/** A voucher is settled within a day; it stays good for 30, and is written anew before half of that is over. */
export const settleWindowSeconds = daySeconds;
const voucherSeconds = 30 * daySeconds;

export interface VoucherDesk {
  /** Puts an accepted receipt into its node's channel; the channel's sum with it. Null for a node without a wallet. */
  place(receipt: { nodeId: string; requestId: string; owedAtomic: bigint }): bigint | null;
  /** The newest voucher of the node's channel, which covers all that is accepted; null before the first receipt. */
  latest(nodeId: string): SignedVoucher | null;
  /** Null for a node without a wallet. */
  channel(nodeId: string): Channel | null;
}

/** Vouches for what was accepted. Credit, not escrow: the channel exists in this gateway's books alone. */
export function createVoucherDesk(parts: {
  book: ChannelBook;
  signer: ByteSigner;
  terms: ChannelTerms;
  now(): number;
}): VoucherDesk {
  const { book, signer, terms } = parts;

  function channelOf(nodeId: string): string | null {
    const wallet = book.wallet(nodeId);
    if (!wallet) return null;
    const { payout } = wallet;
    const channel = channelId({ gatewayKey: signer.publicKey, payoutWallet: payout, ...terms });
    book.open({ channel, payout, ...terms });
    return channel;
  }

  function latestOf(channel: string): SignedVoucher | null {
    const accepted = book.sums(channel)?.acceptedAtomic ?? 0n;
    const nowSeconds = Math.floor(parts.now() / 1000);
    const last = book.voucher(channel);
    const isFresh = last !== null && last.expiresAt - nowSeconds > voucherSeconds / 2;
    if (last && isFresh && last.cumulativeAtomic === accepted)
      return { ...last.signed, signer: signer.publicKey };
    if (accepted === 0n) return null;
    const expiresAt = nowSeconds + voucherSeconds;
    const signed = signVoucher({ channel, cumulativeAtomic: accepted, expiresAt: BigInt(expiresAt) }, signer);
    book.addVoucher(channel, { cumulativeAtomic: accepted, expiresAt, signed });
    return signed;
  }

  return {
    place(receipt) {
      const channel = channelOf(receipt.nodeId);
      return channel === null ? null : book.place(channel, receipt);
    },
    latest(nodeId) {
      const channel = channelOf(nodeId);
      return channel === null ? null : latestOf(channel);
    },
    channel(nodeId) {
      const channel = channelOf(nodeId);
      if (channel === null) return null;
      const latest = latestOf(channel);
      const sums = book.sums(channel);
      if (!sums) return null;
      return {
        channel,
        payout: sums.payout,
        mint: sums.mint,
        epoch: Number(sums.epoch),
        accepted_atomic: `${sums.acceptedAtomic}`,
        vouchered_atomic: `${sums.voucheredAtomic}`,
        settled_atomic: `${sums.settledAtomic}`,
        latest,
      };
    },
  };
}
