import type { ReceiptVerdict, SignedReceipt } from '#contract/wire/receipt.ts';
import type { SignedVoucher } from '#contract/wire/voucher.ts';
import type { Books } from './books.ts';
import { checkReceipt } from './receipt-check.ts';
import type { Relay } from './relay.ts';
import type { ChannelBook } from './settlement/channel-book.ts';
import type { VoucherDesk } from './settlement/voucher-desk.ts';

const relaySettleMs = 3000;

export interface ReceiptDesk {
  /**
   * A verdict on each receipt, and the newest voucher, which covers all that were accepted. A receipt whose job is still being
   * relayed gets no verdict yet, the node sends it again.
   */
  answer(
    sender: { nodeId: string; nodeKey: string },
    receipts: SignedReceipt[],
  ): Promise<{ results: ReceiptVerdict[]; voucher?: SignedVoucher }>;
}

/** Takes receipts in: waits for the relay's own figures, compares, and keeps each verdict. */
export function createReceiptDesk(options: {
  gatewayKey: string;
  books: Books;
  channels: Pick<ChannelBook, 'transaction'>;
  vouchers: VoucherDesk;
  /** Receipts in it have their places; those of jobs of another network or asset are in no channel. */
  terms: { asset: string; network: string };
  relay: Pick<Relay, 'settled' | 'isUnderWay'>;
  onVouchered?(): void;
}): ReceiptDesk {
  const { gatewayKey, books, relay, vouchers, terms } = options;

  function judge(sender: { nodeId: string; nodeKey: string }, signed: SignedReceipt): ReceiptVerdict {
    const { nodeId } = sender;
    const { verdict, isKept } = checkReceipt(signed, { ...sender, gatewayKey }, books);
    if (!isKept) return verdict;
    const { network, asset, request_id: requestId } = signed.receipt;
    const cumulative =
      verdict.verdict === 'accepted' && network === terms.network && asset === terms.asset
        ? vouchers.place({ nodeId, requestId, owedAtomic: BigInt(verdict.owed_lamports) })
        : null;
    const placed = cumulative === null ? verdict : { ...verdict, cumulative_atomic: `${cumulative}` };
    books.recordVerdict(nodeId, signed, placed);
    return placed;
  }

  return {
    async answer(sender, receipts) {
      // The node books before its last frame: its receipt may be here before the relay has read that frame.
      await Promise.race([
        Promise.all(receipts.map(({ receipt }) => relay.settled(receipt.request_id))),
        new Promise((resolve) => setTimeout(resolve, relaySettleMs).unref()),
      ]);
      const ready = receipts.filter(({ receipt }) => !relay.isUnderWay(receipt.request_id));
      // All or nothing: no receipt has a place in its channel without its verdict, none is accepted without its voucher.
      const answered = options.channels.transaction(() => ({
        results: ready.map((signed) => judge(sender, signed)),
        voucher: vouchers.latest(sender.nodeId),
      }));
      if (answered.voucher) options.onVouchered?.();
      const { results, voucher } = answered;
      return voucher ? { results, voucher } : { results };
    },
  };
}
