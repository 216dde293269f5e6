import type { Database } from 'better-sqlite3';
import type { Entry, EntryState } from '#contract/earnings.ts';
import { microUsdOf } from '#contract/proxy-price.ts';
import { number } from './database.ts';

/** Where an entry stands follows from its verdict and from how far its channel is vouchered and settled. */
const state = `CASE WHEN v.verdict = 'disputed' THEN 'disputed'
  WHEN q.entry_id IS NOT NULL THEN CASE WHEN q.cumulative <= s.settled THEN 'settled' WHEN q.cumulative <= s.vouchered THEN 'vouchered'
    WHEN s.refusal IS NOT NULL THEN 'disputed' ELSE 'agreed' END
  WHEN v.verdict IS NOT NULL THEN v.verdict WHEN e.seq IS NULL THEN 'unattributed' ELSE 'earned' END`;
const joined = `FROM entries e LEFT JOIN verdicts v ON v.entry_id = e.id LEFT JOIN positions q ON q.entry_id = e.id
  LEFT JOIN channel_sums s ON s.channel_id = q.channel_id LEFT JOIN proxied p ON p.entry_id = e.id
  LEFT JOIN trained t ON t.entry_id = e.id`;
const columns = `e.*, ${state} AS state,
  COALESCE(v.reason, iif(q.cumulative > s.vouchered, s.refusal, NULL)) AS reason, p.target, p.cost_pico_usd, p.cost_lamports,
  p.commission_lamports, p.is_estimate, t.round_id, t.task_name`;
const place = (range: string) =>
  `SELECT q.entry_id AS id FROM channel_sums s JOIN positions q ON q.channel_id = s.channel_id WHERE ${range}`;
/** Behind the last voucher there are few, as credit is limited: they are found by their places. */
const uncovered = (which: string) =>
  `SELECT q.entry_id AS id FROM channel_sums s CROSS JOIN positions q INDEXED BY positions_by_place ON q.channel_id = s.channel_id
   WHERE q.cumulative > s.vouchered AND ${which}`;
/** Of the entries that are not paid, the first by place is among the oldest; a receipt's answer is late by fewer entries than this. */
const mostLate = 20_000;
const unpaid = `SELECT q.entry_id AS id FROM channel_sums s CROSS JOIN positions q INDEXED BY positions_by_entry
  ON q.channel_id = s.channel_id AND q.entry_id > (SELECT MIN(entry_id) FROM (SELECT entry_id FROM positions f WHERE f.channel_id = s.channel_id
  AND f.cumulative > s.settled ORDER BY f.cumulative LIMIT 1)) - ${mostLate}
  WHERE q.cumulative > s.settled AND q.cumulative <= s.vouchered`;

/** Of each state, where its entries' ids are found newest first without looking at those of other states. */
const sources: Record<EntryState, readonly string[]> = {
  earned: ['SELECT entry_id AS id FROM open_entries'],
  agreed: [
    "SELECT entry_id AS id FROM verdicts WHERE verdict = 'agreed' AND placed = 0",
    uncovered('s.refusal IS NULL'),
  ],
  vouchered: [unpaid],
  settled: [place('q.cumulative <= s.settled')],
  disputed: [
    "SELECT entry_id AS id FROM verdicts WHERE verdict = 'disputed'",
    uncovered('s.refusal IS NOT NULL'),
  ],
  unattributed: ['SELECT id FROM entries WHERE seq IS NULL'],
};

export interface EntryRow {
  id: bigint;
  at: bigint;
  request_id: string;
  gateway_url: string;
  network: string;
  model: string;
  payer: string;
  prompt_tokens: bigint;
  generated_tokens: bigint;
  price_lamports: bigint;
  fee_lamports: bigint;
  duration_ms: bigint;
  receipt: string | null;
  state: EntryState;
  reason: string | null;
  target: string | null;
  cost_pico_usd: bigint | null;
  cost_lamports: bigint | null;
  commission_lamports: bigint | null;
  is_estimate: bigint | null;
  round_id: string | null;
  task_name: string | null;
}

export interface EntryPage {
  beforeId?: number | undefined;
  limit: number;
  state?: EntryState | undefined;
}

/** Reads entries as the contract has them. */
export function openEntryPages(database: Database) {
  const one = database.prepare(`SELECT ${columns} ${joined} WHERE e.id = ?`);
  const newest = database.prepare(
    `SELECT ${columns} ${joined} WHERE (@before IS NULL OR e.id < @before) ORDER BY e.id DESC LIMIT @limit`,
  );
  const every = database.prepare(`SELECT ${columns} ${joined} ORDER BY e.id`);
  const listed = database.prepare(
    `SELECT ${columns} ${joined} WHERE e.id IN (SELECT value FROM json_each(?)) ORDER BY e.id DESC`,
  );
  const ids = Object.fromEntries(
    Object.entries(sources).map(([name, queries]) => [
      name,
      queries.map((query) =>
        database.prepare(`SELECT id FROM (${query}) WHERE id < @before ORDER BY id DESC LIMIT @limit`),
      ),
    ]),
  );

  function ofState(wanted: EntryState, beforeId: number | undefined, limit: number): EntryRow[] {
    const page = { before: beforeId ?? Number.MAX_SAFE_INTEGER, limit };
    const found = (ids[wanted] ?? [])
      .flatMap((query) => query.all(page) as { id: bigint }[])
      .map(({ id }) => Number(id));
    found.sort((left, right) => right - left);
    return listed.all(JSON.stringify(found.slice(0, limit))) as EntryRow[];
  }

  return {
    page({ beforeId, limit, state: wanted }: EntryPage): Entry[] {
      const rows = wanted
        ? ofState(wanted, beforeId, limit)
        : (newest.all({ before: beforeId ?? null, limit }) as EntryRow[]);
      return rows.map(entryOf);
    },
    row: (id: number) => one.get(id) as EntryRow | undefined,
    all: () => (every.all() as EntryRow[]).map(entryOf),
  };
}

export function entryOf(row: EntryRow): Entry {
  return {
    id: number(row.id),
    at: number(row.at),
    requestId: row.request_id,
    model: row.model,
    payer: row.payer,
    gatewayUrl: row.gateway_url,
    network: row.network,
    promptTokens: number(row.prompt_tokens),
    generatedTokens: number(row.generated_tokens),
    priceLamports: `${row.price_lamports}`,
    feeLamports: `${row.fee_lamports}`,
    netLamports: `${row.price_lamports - row.fee_lamports}`,
    state: row.state,
    disputeReason: row.state === 'disputed' ? row.reason : null,
    durationMs: number(row.duration_ms),
    proxied:
      row.target === null
        ? null
        : {
            target: row.target,
            costMicroUsd: microUsdOf(row.cost_pico_usd ?? 0n),
            costLamports: `${row.cost_lamports ?? 0n}`,
            commissionLamports: `${row.commission_lamports ?? 0n}`,
            isEstimate: row.is_estimate === 1n,
          },
    training: row.round_id === null ? null : { roundId: row.round_id, taskName: row.task_name ?? '' },
  };
}
