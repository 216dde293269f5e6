import type { Database } from 'better-sqlite3';
import type { Entry, EntryDetail, EntryState, SeriesPoint, Totals } from '#contract/earnings.ts';
import { microUsdOf } from '#contract/proxy-price.ts';
import { type ReceiptVerdict, type SignedReceipt, signedReceiptSchema } from '#contract/wire/receipt.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';
import { entriesCsv } from './csv.ts';
import { number, one, openDatabase, write } from './database.ts';
import { type EnergyBook, openEnergy } from './energy.ts';
import { entries } from './migrations/001-entries.ts';
import { spend as spendTables } from './migrations/002-spend.ts';
import { trained } from './migrations/003-trained.ts';
import { energy as energyTable } from './migrations/004-energy.ts';
import { openSpend, type ProviderTotals, type SpendRow } from './spend.ts';
import { createWalSync } from './wal-sync.ts';

/** A finished job as it is booked. Times in ms, amounts in lamports. */
export interface NewEntry {
  at: number;
  requestId: string;
  gatewayUrl: string;
  network: string;
  model: string;
  payer: string;
  promptTokens: number;
  generatedTokens: number;
  priceLamports: bigint;
  feeLamports: bigint;
  durationMs: number;
  /** Of a proxied job: whom it went to and how its price came about. */
  proxied?: ProxiedEntry;
  /** Of a training round's reward. */
  training?: { roundId: string; taskName: string };
  /** Makes the receipt for the sequence number that the ledger gives it; absent where nobody takes receipts. */
  sign?: (seq: number) => SignedReceipt;
}

export interface ProxiedEntry {
  /** `provider/model`. */
  target: string;
  costPicoUsd: bigint;
  commissionBasisPoints: number;
  /** Micro-dollars for a SOL. */
  solMicroUsd: number;
  costLamports: bigint;
  commissionLamports: bigint;
  /** The provider told no usage: it was estimated. */
  isEstimate: boolean;
  isCacheHit: boolean;
}

export interface LedgerTotals {
  jobs: number;
  tokens: number;
  grossLamports: bigint;
  feeLamports: bigint;
  netLamports: bigint;
}

export interface Ledger {
  /** Books a job once: a second entry for the same request of the same gateway changes nothing. */
  append(entry: NewEntry): void;
  /**
   * Takes down what a provider's answer cost; all that comes in one turn of the event loop, or soon after a commit, is one commit.
   * Resolves when it is written, with false when its key is known already.
   */
  appendSpend(row: SpendRow): Promise<boolean>;
  /** Pico-dollars spent at or after an instant, by provider. */
  spentSince(sinceMs: number): Record<string, bigint>;
  /** Electricity while the node worked. */
  energy: EnergyBook;
  /** By provider: its cost, and what the jobs that it answered brought; the cache's answers are `cache`. */
  providerTotals(): ProviderTotals[];
  /** Resolves when all that was booked until now is on the disk. */
  synced(): Promise<void>;
  /** Takes down what the gateway says to a receipt; the first answer stays. */
  appendVerdict(gatewayUrl: string, verdict: ReceiptVerdict): void;
  /** Receipts that a gateway has not answered yet, oldest first. */
  unanswered(gatewayUrl: string, limit: number): SignedReceipt[];
  entries(page: { beforeId?: number | undefined; limit: number; state?: EntryState | undefined }): {
    entries: Entry[];
    total: number;
  };
  entry(id: number): EntryDetail | null;
  /** Sums over entries booked at or after `sinceMs`. */
  totals(sinceMs?: number): LedgerTotals;
  /** Net lamports booked at or after `sinceMs`, by the kind of work. */
  netByKind(sinceMs: number): { inference: bigint; training: bigint };
  /** When each model last served a booked job, in Unix ms. */
  lastServedAt(): Record<string, number>;
  netByState(): Record<EntryState, bigint>;
  series(options: { bucket: 'hour' | 'day'; count: number; offsetMinutes: number }): SeriesPoint[];
  csv(): string;
  changes: Signal<{ latestId: number; changes: number }>;
  close(): void;
}

const migrations = [entries, spendTables, trained, energyTable];

const state = `CASE WHEN v.verdict IS NOT NULL THEN v.verdict WHEN e.seq IS NULL THEN 'unattributed' ELSE 'earned' END`;
const joined =
  'FROM entries e LEFT JOIN verdicts v ON v.entry_id = e.id LEFT JOIN proxied p ON p.entry_id = e.id LEFT JOIN trained t ON t.entry_id = e.id';
const columns = `e.*, ${state} AS state, v.reason, p.target, p.cost_pico_usd, p.cost_lamports, p.commission_lamports,
  p.is_estimate, t.round_id, t.task_name`;

interface Row {
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

/** The node's book of what it earned: append-only, in whole lamports. Throws `ledger/*` and `disk/full`. */
export function openLedger(file: string, { clock }: { clock: Clock }): Ledger {
  const database = openDatabase(file, migrations);
  const insert = database.prepare(
    `INSERT INTO entries (at, request_id, gateway_url, network, model, payer, prompt_tokens, generated_tokens,
       price_lamports, fee_lamports, duration_ms, seq, receipt)
     VALUES (@at, @requestId, @gatewayUrl, @network, @model, @payer, @promptTokens, @generatedTokens,
       @priceLamports, @feeLamports, @durationMs, @seq, @receipt)`,
  );
  const exists = database.prepare('SELECT 1 FROM entries WHERE gateway_url = ? AND request_id = ?');
  const lastSeq = database.prepare('SELECT COALESCE(MAX(seq), 0) AS seq FROM entries');
  const insertVerdict = database.prepare(
    `INSERT INTO verdicts (entry_id, at, verdict, reason, owed_lamports)
     SELECT id, @at, @verdict, @reason, @owed FROM entries WHERE gateway_url = @gatewayUrl AND request_id = @requestId
     ON CONFLICT DO NOTHING`,
  );
  const latest = database.prepare('SELECT COALESCE(MAX(id), 0) AS id FROM entries');
  const changes = createSignal({ latestId: number(one(latest.get()).id), changes: 0 });

  function changed(): void {
    changes.set({ latestId: number(one(latest.get()).id), changes: changes.get().changes + 1 });
  }

  const insertProxied = database.prepare(
    `INSERT INTO proxied VALUES (@id, @target, @costPicoUsd, @commissionBasisPoints, @solMicroUsd, @costLamports,
       @commissionLamports, @isEstimate, @isCacheHit)`,
  );
  const insertTrained = database.prepare('INSERT INTO trained VALUES (@id, @roundId, @taskName)');
  const spend = openSpend(database);
  const walSync = createWalSync(file);

  const book = database.transaction(({ sign, proxied, training, ...entry }: NewEntry): boolean => {
    if (exists.get(entry.gatewayUrl, entry.requestId)) return false;
    const seq = sign ? number(one(lastSeq.get()).seq) + 1 : null;
    const receipt = sign && seq !== null ? JSON.stringify(sign(seq)) : null;
    const { lastInsertRowid: id } = insert.run({ ...entry, seq, receipt });
    if (proxied)
      insertProxied.run({
        id,
        ...proxied,
        isEstimate: Number(proxied.isEstimate),
        isCacheHit: Number(proxied.isCacheHit),
      });
    if (training) insertTrained.run({ id, ...training });
    return true;
  });

  return {
    changes,
    append(entry) {
      if (write(() => book.immediate(entry))) changed();
    },
    appendSpend: spend.append,
    spentSince: spend.since,
    energy: openEnergy(database),
    providerTotals: spend.totals,
    synced: () => walSync.synced(),
    appendVerdict(gatewayUrl, { request_id, verdict, reason, owed_lamports }) {
      const { changes: rows } = write(() =>
        insertVerdict.run({
          at: clock.now(),
          verdict: verdict === 'accepted' ? 'agreed' : 'disputed',
          reason: reason ?? null,
          owed: BigInt(owed_lamports),
          gatewayUrl,
          requestId: request_id,
        }),
      );
      if (rows > 0) changed();
    },
    unanswered(gatewayUrl, limit) {
      const rows = database
        .prepare(
          `SELECT e.receipt ${joined} WHERE e.gateway_url = ? AND e.seq IS NOT NULL AND v.entry_id IS NULL ORDER BY e.seq LIMIT ?`,
        )
        .all(gatewayUrl, limit) as { receipt: string }[];
      return rows.map(({ receipt }) => signedReceiptSchema.parse(JSON.parse(receipt)));
    },
    entries({ beforeId, limit, state: wanted }) {
      const where = `WHERE (@before IS NULL OR e.id < @before) AND (@state IS NULL OR ${state} = @state)`;
      const rows = database
        .prepare(`SELECT ${columns} ${joined} ${where} ORDER BY e.id DESC LIMIT @limit`)
        .all({ before: beforeId ?? null, state: wanted ?? null, limit }) as Row[];
      const total = database
        .prepare(`SELECT COUNT(*) AS n ${joined} WHERE @state IS NULL OR ${state} = @state`)
        .get({ state: wanted ?? null });
      return { entries: rows.map(entryOf), total: number(one(total).n) };
    },
    entry(id) {
      const row = database.prepare(`SELECT ${columns} ${joined} WHERE e.id = ?`).get(id) as Row | undefined;
      if (!row) return null;
      const receipt = row.receipt === null ? null : signedReceiptSchema.parse(JSON.parse(row.receipt));
      return { ...entryOf(row), receipt };
    },
    totals: (sinceMs = 0) => readTotals(database, sinceMs),
    netByKind(sinceMs) {
      const row = one(
        database
          .prepare(
            `SELECT COALESCE(SUM(CASE WHEN t.entry_id IS NULL THEN e.price_lamports - e.fee_lamports END), 0) AS inference,
               COALESCE(SUM(CASE WHEN t.entry_id IS NOT NULL THEN e.price_lamports - e.fee_lamports END), 0) AS training
             FROM entries e LEFT JOIN trained t ON t.entry_id = e.id
             WHERE e.at >= ? AND e.id NOT IN (SELECT entry_id FROM proxied)`,
          )
          .get(sinceMs),
      );
      return { inference: row.inference ?? 0n, training: row.training ?? 0n };
    },
    lastServedAt() {
      const rows = database.prepare('SELECT model, MAX(at) AS at FROM entries GROUP BY model').all();
      return Object.fromEntries(
        (rows as { model: string; at: bigint }[]).map(({ model, at }) => [model, number(at)]),
      );
    },
    netByState() {
      const net: Record<EntryState, bigint> = { earned: 0n, agreed: 0n, disputed: 0n, unattributed: 0n };
      const rows = database
        .prepare(
          `SELECT ${state} AS state, SUM(e.price_lamports - e.fee_lamports) AS net ${joined} GROUP BY 1`,
        )
        .all() as { state: EntryState; net: bigint }[];
      for (const row of rows) net[row.state] = row.net;
      return net;
    },
    series({ bucket, count, offsetMinutes }) {
      const sizeMs = bucket === 'hour' ? 3_600_000 : 86_400_000;
      const offsetMs = offsetMinutes * 60_000;
      const last = Math.floor((clock.now() + offsetMs) / sizeMs);
      const rows = database
        .prepare(
          `SELECT (at + @offset) / @size AS bucket, SUM(price_lamports - fee_lamports) AS net, COUNT(*) AS jobs
           FROM entries WHERE at >= @since GROUP BY 1`,
        )
        .all({
          offset: BigInt(offsetMs),
          size: BigInt(sizeMs),
          since: (last - count + 1) * sizeMs - offsetMs,
        }) as {
        bucket: bigint;
        net: bigint;
        jobs: bigint;
      }[];
      const found = new Map(rows.map((row) => [number(row.bucket), row]));
      return Array.from({ length: count }, (_, index) => {
        const key = last - count + 1 + index;
        const row = found.get(key);
        return {
          at: key * sizeMs - offsetMs,
          netLamports: `${row?.net ?? 0n}`,
          jobs: number(row?.jobs ?? 0n),
        };
      });
    },
    csv: () =>
      entriesCsv((database.prepare(`SELECT ${columns} ${joined} ORDER BY e.id`).all() as Row[]).map(entryOf)),
    close() {
      spend.flush();
      database.close();
    },
  };
}

function readTotals(database: Database, sinceMs: number): LedgerTotals {
  const row = one(
    database
      .prepare(
        `SELECT COUNT(*) AS jobs, COALESCE(SUM(prompt_tokens + generated_tokens), 0) AS tokens,
           COALESCE(SUM(price_lamports), 0) AS gross, COALESCE(SUM(fee_lamports), 0) AS fee
         FROM entries WHERE at >= ?`,
      )
      .get(sinceMs),
  );
  const [gross = 0n, fee = 0n] = [row.gross, row.fee];
  return {
    jobs: number(row.jobs),
    tokens: number(row.tokens),
    grossLamports: gross,
    feeLamports: fee,
    netLamports: gross - fee,
  };
}

/** Totals as the contract carries them. */
export function totalsText(totals: LedgerTotals): Totals {
  const { jobs, tokens, grossLamports, feeLamports, netLamports } = totals;
  return {
    jobs,
    tokens,
    grossLamports: `${grossLamports}`,
    feeLamports: `${feeLamports}`,
    netLamports: `${netLamports}`,
  };
}

function entryOf(row: Row): Entry {
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
    disputeReason: row.reason,
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
