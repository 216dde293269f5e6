import type { ReceiptVerdict, SignedReceipt } from '#contract/wire/receipt.ts';
import type { Books } from './books.ts';
import { checkReceipt } from './receipt-check.ts';
import type { Relay } from './relay.ts';

const relaySettleMs = 3000;

export interface ReceiptDesk {
  /** A verdict on each receipt; one whose job is still being relayed gets none yet, the node sends it again. */
  answer(sender: { nodeId: string; nodeKey: string }, receipts: SignedReceipt[]): Promise<ReceiptVerdict[]>;
}

/** Takes receipts in: waits for the relay's own figures, compares, and keeps each verdict. */
export function createReceiptDesk(options: {
  gatewayKey: string;
  books: Books;
  relay: Pick<Relay, 'settled' | 'isUnderWay'>;
}): ReceiptDesk {
  const { gatewayKey, books, relay } = options;
  return {
    async answer(sender, receipts) {
      // The node books before its last frame: its receipt may be here before the relay has read that frame.
      await Promise.race([
        Promise.all(receipts.map(({ receipt }) => relay.settled(receipt.request_id))),
        new Promise((resolve) => setTimeout(resolve, relaySettleMs).unref()),
      ]);
      const results: ReceiptVerdict[] = [];
      for (const signed of receipts) {
        if (relay.isUnderWay(signed.receipt.request_id)) continue;
        const { verdict, isKept } = checkReceipt(signed, { ...sender, gatewayKey }, books);
        if (isKept) books.recordVerdict(sender.nodeId, signed, verdict);
        results.push(verdict);
      }
      return results;
    },
  };
}
