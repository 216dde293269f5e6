import type { Database } from 'better-sqlite3';
import { decimalText, isUsdc } from '#contract/assets.ts';
import { csvLine } from '#contract/csv-line.ts';
import type { Entry } from '#contract/earnings.ts';
import { type EntryRow, entryOf, joined, columns as rowColumns } from './entry-rows.ts';

const columns = [
  'id',
  'at',
  'type',
  'requestId',
  'model',
  'payer',
  'gatewayUrl',
  'network',
  'asset',
  'promptTokens',
  'generatedTokens',
  'priceLamports',
  'feeLamports',
  'netLamports',
  'state',
  'disputeReason',
  'durationMs',
] as const satisfies readonly (keyof Entry)[];
const proxiedColumns = ['target', 'costMicroUsd', 'costLamports', 'commissionLamports'] as const;
/** The net in whole SOL or tokens, and their name; empty while a token's decimals are not known. */
const amountColumns = ['net', 'unit'];

/** So many rows keep the host's thread for less than a tenth of a second. */
const partRows = 5000;

/** Entries as CSV, part by part: a whole ledger need not lie in memory. */
export function openCsv(database: Database) {
  const rows = database.prepare(`SELECT ${rowColumns} ${joined} WHERE e.id > ? ORDER BY e.id LIMIT ?`);
  return {
    /** The entries after `afterId`, oldest first; the heading where that is 0. `nextAfterId` null: there are no more. */
    part(afterId: number, limit = partRows): { csv: string; nextAfterId: number | null } {
      const found = (rows.all(afterId, limit) as EntryRow[]).map(entryOf);
      const lines = [
        ...(afterId === 0 ? [csvLine([...columns, ...proxiedColumns, ...amountColumns])] : []),
        ...found.map(lineOf),
      ];
      const isLast = found.length < limit;
      return { csv: lines.join(''), nextAfterId: isLast ? null : (found.at(-1)?.id ?? null) };
    },
  };
}

const lineOf = (entry: Entry) =>
  csvLine([
    ...columns.map((name) => (name === 'at' ? new Date(entry.at).toISOString() : entry[name])),
    ...proxiedColumns.map((name) => entry.proxied?.[name] ?? null),
    entry.decimals === null ? null : decimalText(entry.netLamports, entry.decimals),
    entry.network === 'test-credits' ? 'test credits' : isUsdc(entry.asset) ? 'USDC' : entry.asset,
  ]);
