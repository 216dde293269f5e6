import type { Database } from 'better-sqlite3';
import type { EntryDetail } from '#contract/earnings.ts';
import type { Payment } from '#contract/wallet.ts';
import { signedReceiptSchema } from '#contract/wire/receipt.ts';
import { columns, type EntryRow, entryOf, joined } from './entry-rows.ts';

/** An entry with its receipt, the first voucher that covers it, and the payment that brought it. */
export function openEntryDetail(
  database: Database,
  paymentOf: (id: string) => Payment | null,
): (id: number) => EntryDetail | null {
  const one = database.prepare(`SELECT ${columns}, e.receipt ${joined} WHERE e.id = ?`);
  const place = database.prepare(
    `SELECT c.id AS channel_id, c.channel, q.cumulative FROM positions q JOIN channels c ON c.id = q.channel_id WHERE q.entry_id = ?`,
  );
  const covering = database.prepare(
    `SELECT * FROM vouchers WHERE channel_id = ? AND cumulative >= ? ORDER BY cumulative, expires_at LIMIT 1`,
  );
  const settling = database.prepare(
    `SELECT payment_id FROM settlements WHERE channel_id = ? AND cumulative >= ? ORDER BY cumulative LIMIT 1`,
  );

  return (id) => {
    const row = one.get(id) as (EntryRow & { receipt: string | null }) | undefined;
    if (!row) return null;
    const receipt = row.receipt === null ? null : signedReceiptSchema.parse(JSON.parse(row.receipt));
    const position = place.get(id) as { channel_id: bigint; channel: string; cumulative: bigint } | undefined;
    if (!position) return { ...entryOf(row), receipt, position: null, voucher: null, payment: null };
    const { channel_id: channelId, channel, cumulative } = position;
    const voucher = covering.get(channelId, cumulative) as Record<string, unknown> | undefined;
    const settled = settling.get(channelId, cumulative) as { payment_id: string } | undefined;
    return {
      ...entryOf(row),
      receipt,
      position: { channel, cumulativeAtomic: `${cumulative}` },
      voucher: voucher
        ? {
            signed: {
              voucher: (voucher.bytes as Buffer).toString('base64'),
              signer: `${voucher.signer}`,
              signature: `${voucher.signature}`,
            },
            at: Number(voucher.at),
            cumulativeAtomic: `${voucher.cumulative}`,
          }
        : null,
      payment: settled ? paymentOf(settled.payment_id) : null,
    };
  };
}
