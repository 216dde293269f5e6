import type { Database } from 'better-sqlite3';
import { moneyKey } from '#contract/assets.ts';
import type { ProviderTotals as ShownTotals } from '#contract/earnings.ts';
import { microUsdOf, type TokenUsage } from '#contract/proxy-price.ts';
import { write } from './database.ts';

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
  /** Spend in all, and what jobs in an asset (SOL without one) brought, of one network or of all. */
  totals(asset?: string, network?: string | null): ProviderTotals[];
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

function openProviderTotals(database: Database): Spend['totals'] {
  const sums = database.prepare(
    `SELECT provider, SUM(answers) AS answers, SUM(cost_pico_usd) AS costPicoUsd, SUM(cost) AS costLamports,
       SUM(commission) AS commissionLamports, SUM(fee) AS feeLamports, SUM(net) AS netLamports
     FROM provider_sums WHERE money = '' OR money = @money
       OR (@money IS NULL AND iif(instr(money, '/') = 0, 'SOL', substr(money, instr(money, '/') + 1)) = @asset)
     GROUP BY 1 ORDER BY 1`,
  );
  return (asset = 'SOL', network = null) =>
    (
      sums.all({ asset, money: network === null ? null : moneyKey(network, asset) }) as (Omit<
        ProviderTotals,
        'answers'
      > & { answers: bigint })[]
    ).map(({ answers, ...rest }) => ({ ...rest, answers: Number(answers) }));
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
