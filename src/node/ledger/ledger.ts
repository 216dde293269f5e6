import type { Database } from 'better-sqlite3';
import type { Entry, EntryDetail, EntryState, SeriesPoint, Totals } from '#contract/earnings.ts';
import { microUsdOf, type TokenUsage } from '#contract/proxy-price.ts';
import { type ReceiptVerdict, type SignedReceipt, signedReceiptSchema } from '#contract/wire/receipt.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';
import { entriesCsv } from './csv.ts';
import { ledgerError, openDatabase } from './database.ts';
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

/** What one answer of a provider cost; a second row of the same key changes nothing. */
export interface SpendRow {
  key: string;
  at: number;
  requestId: string;
  provider: string;
  model: string;
  usage: TokenUsage;
  costPicoUsd: bigint;
  isEstimate: boolean;
}

export interface ProviderTotals {
  provider: string;
  answers: number;
  costPicoUsd: bigint;
  costLamports: bigint;
  commissionLamports: bigint;
  feeLamports: bigint;
  netLamports: bigint;
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
  /** When each model last served a booked job, in Unix ms. */
  lastServedAt(): Record<string, number>;
  netByState(): Record<EntryState, bigint>;
  series(options: { bucket: 'hour' | 'day'; count: number; offsetMinutes: number }): SeriesPoint[];
  csv(): string;
  changes: Signal<{ latestId: number; changes: number }>;
  close(): void;
}

const state = `CASE WHEN v.verdict IS NOT NULL THEN v.verdict WHEN e.seq IS NULL THEN 'unattributed' ELSE 'earned' END`;
const joined =
  'FROM entries e LEFT JOIN verdicts v ON v.entry_id = e.id LEFT JOIN proxied p ON p.entry_id = e.id';
const columns = `e.*, ${state} AS state, v.reason, p.target, p.cost_pico_usd, p.cost_lamports, p.commission_lamports,
  p.is_estimate`;

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
}

/** A commit so soon after the last one takes a little more along. */
const spendPauseMs = 2;

/** The node's book of what it earned: append-only, in whole lamports. Throws `ledger/*` and `disk/full`. */
export function openLedger(file: string, { clock }: { clock: Clock }): Ledger {
  const database = openDatabase(file);
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
  const insertSpend = database.prepare(
    `INSERT INTO spend (key, at, request_id, provider, model, prompt_tokens, cached_tokens, cache_write_tokens,
       completion_tokens, reasoning_tokens, cost_pico_usd, is_estimate)
     VALUES (@key, @at, @requestId, @provider, @model, @prompt, @cached, @cacheWrite, @completion, @reasoning,
       @costPicoUsd, @isEstimate) ON CONFLICT (key) DO NOTHING`,
  );
  const walSync = createWalSync(file);
  let writtenAt = Number.NEGATIVE_INFINITY;
  let waiting: { row: SpendRow; resolve(isNew: boolean): void; reject(thrown: unknown): void }[] = [];
  const insertAll = database.transaction((rows: SpendRow[]) =>
    rows.map(
      ({ usage, isEstimate, ...row }) =>
        insertSpend.run({ ...row, ...usage, isEstimate: Number(isEstimate) }).changes > 0,
    ),
  );

  function writeSpend(): void {
    const batch = waiting;
    waiting = [];
    writtenAt = performance.now();
    try {
      const isNew = write(() => insertAll.immediate(batch.map(({ row }) => row)));
      batch.forEach(({ resolve }, index) => {
        resolve(isNew[index] === true);
      });
    } catch (thrown) {
      for (const { reject } of batch) reject(thrown);
    }
  }

  const book = database.transaction(({ sign, proxied, ...entry }: NewEntry): boolean => {
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
    return true;
  });

  return {
    changes,
    append(entry) {
      if (write(() => book.immediate(entry))) changed();
    },
    appendSpend(row) {
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      if (waiting.length === 0) {
        const dueMs = Math.ceil(writtenAt + spendPauseMs - performance.now());
        if (dueMs > 0) setTimeout(writeSpend, dueMs);
        else setImmediate(writeSpend);
      }
      waiting.push({ row, resolve, reject });
      return promise;
    },
    spentSince(sinceMs) {
      const rows = database
        .prepare('SELECT provider, SUM(cost_pico_usd) AS cost FROM spend WHERE at >= ? GROUP BY 1')
        .all(sinceMs) as { provider: string; cost: bigint }[];
      return Object.fromEntries(rows.map(({ provider, cost }) => [provider, cost]));
    },
    providerTotals: () => readProviderTotals(database),
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
      if (waiting.length > 0) writeSpend();
      database.close();
    },
  };
}

function write<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw ledgerError(thrown);
  }
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

function readProviderTotals(database: Database): ProviderTotals[] {
  const rows = database
    .prepare(
      `SELECT provider, SUM(answers) AS answers, SUM(pico) AS pico, SUM(cost) AS cost, SUM(commission) AS commission,
         SUM(fee) AS fee, SUM(net) AS net FROM (
           SELECT provider, COUNT(*) AS answers, SUM(cost_pico_usd) AS pico, 0 AS cost, 0 AS commission, 0 AS fee, 0 AS net
             FROM spend GROUP BY 1
           UNION ALL
           SELECT CASE p.is_cache_hit WHEN 1 THEN 'cache' ELSE substr(p.target, 1, instr(p.target, '/') - 1) END,
             SUM(p.is_cache_hit), 0, SUM(p.cost_lamports), SUM(p.commission_lamports), SUM(e.fee_lamports),
             SUM(e.price_lamports - e.fee_lamports) FROM proxied p JOIN entries e ON e.id = p.entry_id GROUP BY 1
         ) GROUP BY 1 ORDER BY 1`,
    )
    .all() as ({ provider: string } & Record<string, bigint>)[];
  return rows.map(({ provider, answers, pico = 0n, cost = 0n, commission = 0n, fee = 0n, net = 0n }) => ({
    provider,
    answers: number(answers),
    costPicoUsd: pico,
    costLamports: cost,
    commissionLamports: commission,
    feeLamports: fee,
    netLamports: net,
  }));
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

const one = (row: unknown) => row as Record<string, bigint>;
const number = (value: bigint | undefined) => Number(value ?? 0n);

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
  };
}
