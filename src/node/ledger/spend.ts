import type { Database } from 'better-sqlite3';
import type { ProviderTotals as ShownTotals } from '#contract/earnings.ts';
import { microUsdOf, type TokenUsage } from '#contract/proxy-price.ts';
import { number, write } from './database.ts';

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

/** What providers' answers cost: a part of the ledger. */
interface Spend {
  /** See `Ledger.appendSpend`. */
  append(row: SpendRow): Promise<boolean>;
  /** Pico-dollars at or after an instant, by provider. */
  since(sinceMs: number): Record<string, bigint>;
  /** Spend in all, and what jobs in an asset (SOL without one) brought. */
  totals(asset?: string): ProviderTotals[];
  /** Writes what waits for its turn. */
  flush(): void;
}

/** A commit so soon after the last one takes a little more along. */
const pauseMs = 2;

/** All that comes in one turn of the event loop is one commit. */
export function openSpend(database: Database): Spend {
  const insertSpend = database.prepare(
    `INSERT INTO spend (key, at, request_id, provider, model, prompt_tokens, cached_tokens, cache_write_tokens,
       completion_tokens, reasoning_tokens, cost_pico_usd, is_estimate)
     VALUES (@key, @at, @requestId, @provider, @model, @prompt, @cached, @cacheWrite, @completion, @reasoning,
       @costPicoUsd, @isEstimate) ON CONFLICT (key) DO NOTHING`,
  );
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

  return {
    append(row) {
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      if (waiting.length === 0) {
        const dueMs = Math.ceil(writtenAt + pauseMs - performance.now());
        if (dueMs > 0) setTimeout(writeSpend, dueMs);
        else setImmediate(writeSpend);
      }
      waiting.push({ row, resolve, reject });
      return promise;
    },
    since(sinceMs) {
      const rows = database
        .prepare('SELECT provider, SUM(cost_pico_usd) AS cost FROM spend WHERE at >= ? GROUP BY 1')
        .all(sinceMs) as { provider: string; cost: bigint }[];
      return Object.fromEntries(rows.map(({ provider, cost }) => [provider, cost]));
    },
    totals: openProviderTotals(database),
    flush() {
      if (waiting.length > 0) writeSpend();
    },
  };
}

/** Reads the whole ledger once and then only what was added: rows are never changed, and the sums over a million of them take seconds. */
function openProviderTotals(database: Database): Spend['totals'] {
  /** By asset and provider; spend is of no asset. */
  const totals = new Map<string, Map<string, ProviderTotals>>();
  let read = { spend: 0n, entry: 0n };
  const latest = database.prepare(
    'SELECT (SELECT COALESCE(MAX(id), 0) FROM spend) AS spend, (SELECT COALESCE(MAX(entry_id), 0) FROM proxied) AS entry',
  );
  const news = database.prepare(
    `SELECT provider, NULL AS asset, COUNT(*) AS answers, SUM(cost_pico_usd) AS pico, 0 AS cost, 0 AS commission, 0 AS fee, 0 AS net
       FROM spend WHERE id > @spend GROUP BY 1
     UNION ALL
     SELECT CASE p.is_cache_hit WHEN 1 THEN 'cache' ELSE substr(p.target, 1, instr(p.target, '/') - 1) END,
       e.asset, SUM(p.is_cache_hit), 0, SUM(p.cost_lamports), SUM(p.commission_lamports), SUM(e.fee_lamports),
       SUM(e.price_lamports - e.fee_lamports)
       FROM proxied p JOIN entries e ON e.id = p.entry_id WHERE p.entry_id > @entry GROUP BY 1, asset`,
  );

  return (asset = 'SOL') => {
    const rows = news.all(read) as ({ provider: string; asset: string | null } & Record<string, bigint>)[];
    read = latest.get() as typeof read;
    for (const { provider, asset: of, answers, pico, cost, commission, fee, net } of rows) {
      const kept = totals.get(of ?? '') ?? new Map<string, ProviderTotals>();
      totals.set(of ?? '', kept);
      const row: ProviderTotals = {
        provider,
        answers: number(answers),
        costPicoUsd: pico ?? 0n,
        costLamports: cost ?? 0n,
        commissionLamports: commission ?? 0n,
        feeLamports: fee ?? 0n,
        netLamports: net ?? 0n,
      };
      kept.set(provider, added(kept.get(provider), row));
    }
    const [spent, earned] = [totals.get(''), totals.get(asset)];
    return [...new Set([...(spent?.keys() ?? []), ...(earned?.keys() ?? [])])].sort().map((provider) => {
      const one = spent?.get(provider);
      const other = earned?.get(provider);
      if (!one || !other) return (one ?? other) as ProviderTotals;
      return added(one, other);
    });
  };
}

function added(one: ProviderTotals | undefined, other: ProviderTotals): ProviderTotals {
  if (!one) return other;
  return {
    provider: other.provider,
    answers: one.answers + other.answers,
    costPicoUsd: one.costPicoUsd + other.costPicoUsd,
    costLamports: one.costLamports + other.costLamports,
    commissionLamports: one.commissionLamports + other.commissionLamports,
    feeLamports: one.feeLamports + other.feeLamports,
    netLamports: one.netLamports + other.netLamports,
  };
}

/** Totals as the contract carries them. */
export function providerTotalsText(totals: ProviderTotals): ShownTotals {
  const { provider, answers, costPicoUsd, costLamports, commissionLamports, feeLamports, netLamports } =
    totals;
  return {
    provider,
    answers,
    costMicroUsd: microUsdOf(costPicoUsd),
    costLamports: `${costLamports}`,
    commissionLamports: `${commissionLamports}`,
    feeLamports: `${feeLamports}`,
    netLamports: `${netLamports}`,
  };
}
