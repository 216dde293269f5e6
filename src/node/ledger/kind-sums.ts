import type { Database } from 'better-sqlite3';
import { assetOf, moneyIn, moneyKey } from '#contract/assets.ts';
import type {
  BreakdownKey,
  BreakdownRow,
  EntryState,
  EntryType,
  SeriesPoint,
  YearlyRow,
} from '#contract/earnings.ts';
import type { Clock } from '../clock.ts';
import { number, one } from './database.ts';
import type { TokenBook } from './token-book.ts';

export const quarterMs = 900_000;
const quartersPerDay = 96;
/** After all that a clock can tell. */
const lastQuarter = Math.floor(8_640_000_000_000_000 / quarterMs);

export interface LedgerTotals {
  jobs: number;
  tokens: number;
  grossLamports: bigint;
  feeLamports: bigint;
  netLamports: bigint;
}

const mostSlots = 1000;

/** What an entry is one of. */
export interface Kind {
  type: EntryType;
  model: string;
  gatewayUrl: string;
  /** With its asset, as `moneyKey` writes them. */
  network: string;
}

/** Sums of entries of one kind and state. */
interface KindSum {
  kindId: number;
  state: EntryState;
  jobs: number;
  tokens: number;
  gross: bigint;
  fee: bigint;
  cost: bigint;
}

/** Paid within a span, by cluster and mint. */
interface PaidSum {
  network: string;
  asset: string;
  amount: bigint;
}

const columns = 'kind_id, state, jobs, tokens, gross, fee, cost';

/** Sums by kind from running ones: whole UTC days where a span holds some, quarters of an hour at its ends. */
export function openKindSums(
  database: Database,
  { clock, tokens }: { clock: Clock; tokens: Pick<TokenBook, 'unitOf'> },
) {
  const insertKind = database.prepare(
    `INSERT INTO kinds (type, model, gateway_url, network) VALUES (@type, @model, @gatewayUrl, @network)
     ON CONFLICT DO UPDATE SET type = type RETURNING id`,
  );
  const kindRows = database.prepare('SELECT * FROM kinds');
  const sums = database.prepare(
    `SELECT kind_id, state, SUM(jobs) AS jobs, SUM(tokens) AS tokens, SUM(gross) AS gross, SUM(fee) AS fee,
       SUM(cost) AS cost FROM (
       SELECT ${columns} FROM day_sums WHERE bucket >= @firstDay AND bucket < @endDay
       UNION ALL SELECT ${columns} FROM quarter_sums WHERE bucket >= @first AND bucket < @inner
       UNION ALL SELECT ${columns} FROM quarter_sums WHERE bucket >= @outer AND bucket < @end)
     GROUP BY 1, 2`,
  );
  const wholeSums = database.prepare(`SELECT kind_id, state, jobs, tokens, gross, fee, cost FROM whole_sums`);
  // Without groups nothing is sorted, which takes most of the time of a month's quarters.
  const slot = database.prepare(
    `SELECT SUM(q.jobs) AS jobs, SUM(q.gross - q.fee) AS net, SUM(iif(k.type = 'training', q.gross - q.fee, 0)) AS training,
       SUM(iif(k.type = 'proxy', q.gross - q.fee, 0)) AS proxy
     FROM quarter_sums q CROSS JOIN kinds k ON k.id = q.kind_id WHERE q.bucket >= @first AND q.bucket < @end AND k.asset = @asset
       AND (@money IS NULL OR k.network = @money)`,
  );
  const paid = database.prepare(
    `SELECT p.cluster AS network, p.asset, SUM(p.amount) AS amount FROM payment_now p
     WHERE p.state = 'finalized' AND p.state_at >= ? AND p.state_at < ? GROUP BY 1, 2`,
  );
  const beforeQuarter = database.prepare(
    `SELECT COUNT(*) AS jobs, SUM(prompt_tokens + generated_tokens) AS tokens, SUM(price_lamports) AS gross, SUM(fee_lamports) AS fee
     FROM entries WHERE at >= @since AND at < @until AND asset = @asset AND (@money IS NULL OR network = @money)`,
  );
  const latest = database.prepare(
    `SELECT k.model, MAX(d.bucket) AS bucket FROM kinds k JOIN (
       SELECT q.kind_id, MAX(q.bucket) AS bucket FROM quarter_sums q JOIN (
         SELECT kind_id, MAX(bucket) AS day FROM day_sums GROUP BY 1) n ON n.kind_id = q.kind_id AND q.bucket >= n.day * ${quartersPerDay}
       GROUP BY 1) d ON d.kind_id = k.id GROUP BY 1`,
  );
  let known = readKinds();

  function readKinds(): Map<number, Kind> {
    const rows = kindRows.all() as Record<string, bigint | string>[];
    return new Map(
      rows.map((row) => [
        Number(row.id),
        {
          type: row.type as EntryType,
          model: `${row.model}`,
          gatewayUrl: `${row.gateway_url}`,
          network: `${row.network}`,
        },
      ]),
    );
  }
  const ids = new Map([...known].map(([id, kind]) => [keyOf(kind), BigInt(id)]));
  let isNewKind = false;

  /** Instants are taken to the quarter: `sinceMs` down, `untilMs` up. */
  function between(sinceMs: number, untilMs: number): KindSum[] {
    const first = Math.floor(sinceMs / quarterMs);
    const end = Math.ceil(untilMs / quarterMs);
    const firstDay = Math.ceil(first / quartersPerDay);
    const endDay = Math.max(firstDay, Math.floor(end / quartersPerDay));
    const isWithin = firstDay * quartersPerDay >= end;
    const isWhole = sinceMs <= 0 && end >= lastQuarter;
    const rows = (
      isWhole
        ? wholeSums.all()
        : sums.all({
            firstDay,
            endDay: isWithin ? firstDay : endDay,
            first,
            inner: isWithin ? end : firstDay * quartersPerDay,
            outer: isWithin ? end : endDay * quartersPerDay,
            end,
          })
    ) as Record<string, bigint | string>[];
    return rows.map((row) => ({
      kindId: Number(row.kind_id),
      state: row.state as EntryState,
      jobs: Number(row.jobs),
      tokens: Number(row.tokens),
      gross: row.gross as bigint,
      fee: row.fee as bigint,
      cost: row.cost as bigint,
    }));
  }

  /** Of an hour or a day, kept until an entry comes that was booked in it or before. */
  const slots = new Map<string, { untilMs: number; sums: Record<string, bigint> }>();
  function slotSums(
    sinceMs: number,
    untilMs: number,
    asset: string,
    money: string | null,
  ): Record<string, bigint> {
    const key = `${sinceMs}-${untilMs}-${asset}-${money}`;
    const kept = slots.get(key);
    if (kept) return kept.sums;
    const sums = one(slot.get({ first: sinceMs / quarterMs, end: untilMs / quarterMs, asset, money }));
    if (slots.size >= mostSlots) slots.clear();
    slots.set(key, { untilMs, sums });
    return sums;
  }

  const kinds = () => known;
  const kindOf = (id: number): Kind => {
    if (!known.has(id)) known = readKinds();
    const kind = known.get(id);
    if (!kind) throw new TypeError(`there is no kind ${id}`);
    return kind;
  };

  return {
    kinds,
    kindOf,
    between,
    /** The kind's id; it is made where it is new, in the caller's transaction. */
    idOf(kind: Kind): bigint {
      const found = ids.get(keyOf(kind));
      if (found !== undefined) return found;
      isNewKind = true;
      const { id } = insertKind.get({ ...kind }) as { id: bigint };
      return id;
    },
    /** To be called when an entry of that instant was written: only then a new kind is one. */
    written(atMs: number): void {
      for (const [key, { untilMs }] of slots) if (atMs < untilMs) slots.delete(key);
      if (!isNewKind) return;
      isNewKind = false;
      known = readKinds();
      for (const [id, kind] of known) ids.set(keyOf(kind), BigInt(id));
    },
    names: () => ({
      models: [...new Set([...known.values()].map(({ model }) => model))].sort(),
      gateways: [...new Set([...known.values()].map(({ gatewayUrl }) => gatewayUrl))].sort(),
    }),
    /** In Unix ms, the end of the quarter in which a model last served. */
    lastServedAt(): Record<string, number> {
      const rows = latest.all() as { model: string; bucket: bigint }[];
      return Object.fromEntries(rows.map(({ model, bucket }) => [model, (Number(bucket) + 1) * quarterMs]));
    },
    /** Net of all time, by network and asset, where there is any. */
    netByMoney(): { network: string; asset: string; net: bigint }[] {
      const sums = new Map<string, bigint>();
      for (const { kindId, gross, fee } of between(0, Number.MAX_SAFE_INTEGER)) {
        const { network } = kindOf(kindId);
        sums.set(network, (sums.get(network) ?? 0n) + gross - fee);
      }
      return [...sums].filter(([, net]) => net > 0n).map(([key, net]) => ({ ...moneyIn(key), net }));
    },
    /** Of the newest kind of work for a gateway, or for any; null where there was none. */
    lastMoney(gatewayUrl: string | null): { network: string; asset: string } | null {
      const kind = [...known.values()].findLast(
        (one) => gatewayUrl === null || one.gatewayUrl === gatewayUrl,
      );
      return kind ? moneyIn(kind.network) : null;
    },
    /** Over entries in one asset booked at or after `sinceMs`, to the millisecond; of one network, or all. */
    totals(
      sinceMs: number,
      { network = null, asset }: { network?: string | null; asset: string },
    ): LedgerTotals {
      const money = network === null ? null : moneyKey(network, asset);
      const quarter = Math.ceil(sinceMs / quarterMs);
      const sums = between(quarter * quarterMs, Number.MAX_SAFE_INTEGER).filter(({ kindId }) => {
        const of = kindOf(kindId).network;
        return money === null ? moneyIn(of).asset === asset : of === money;
      });
      const part = one(beforeQuarter.get({ since: sinceMs, until: quarter * quarterMs, asset, money }));
      const sum = (of: (one: KindSum) => bigint, name: string) =>
        sums.reduce((total, each) => total + of(each), part[name] ?? 0n);
      const gross = sum((each) => each.gross, 'gross');
      const fee = sum((each) => each.fee, 'fee');
      return {
        jobs: number(sum(({ jobs }) => BigInt(jobs), 'jobs')),
        tokens: number(sum(({ tokens }) => BigInt(tokens), 'tokens')),
        grossLamports: gross,
        feeLamports: fee,
        netLamports: gross - fee,
      };
    },
    breakdown(sinceMs: number, by: BreakdownKey): BreakdownRow[] {
      const found = new Map<string, KindSum & { key: string; network: string }>();
      for (const sum of between(sinceMs, Number.MAX_SAFE_INTEGER)) {
        const kind = kindOf(sum.kindId);
        const key = by === 'type' ? kind.type : by === 'model' ? kind.model : kind.gatewayUrl;
        const slot = JSON.stringify([key, kind.network]);
        const before = found.get(slot);
        found.set(slot, { ...(before ? added(before, sum) : sum), key, network: kind.network });
      }
      return [...found.values()]
        .filter(({ jobs }) => jobs > 0)
        .sort((one, other) => Number(other.gross - other.fee - (one.gross - one.fee)))
        .map(({ key, network, jobs, gross, fee, cost }) => ({
          key,
          network: moneyIn(network).network,
          ...tokens.unitOf(moneyIn(network).asset),
          jobs,
          grossLamports: `${gross}`,
          feeLamports: `${fee}`,
          netLamports: `${gross - fee}`,
          costLamports: `${cost}`,
        }));
    },
    /** Of entries in an asset (SOL without one), of one network or of all. */
    series(options: {
      bucket: 'hour' | 'day';
      count: number;
      offsetMinutes: number;
      asset?: string;
      network?: string | null;
    }): SeriesPoint[] {
      const { bucket, count, offsetMinutes, asset = 'SOL', network = null } = options;
      const money = network === null ? null : moneyKey(network, asset);
      const sizeMs = bucket === 'hour' ? 3_600_000 : 86_400_000;
      const offsetMs = offsetMinutes * 60_000;
      const last = Math.floor((clock.now() + offsetMs) / sizeMs);
      return Array.from({ length: count }, (_, index) => {
        const at = (last - count + 1 + index) * sizeMs - offsetMs;
        const sums = slotSums(at, at + sizeMs, asset, money);
        const [net, training, proxy] = [sums.net ?? 0n, sums.training ?? 0n, sums.proxy ?? 0n];
        return {
          at,
          jobs: number(sums.jobs),
          netLamports: `${net}`,
          byType: { inference: `${net - training - proxy}`, training: `${training}`, proxy: `${proxy}` },
        };
      });
    },
    /** By month and network; `monthStarts` are 13 instants, each at a quarter of an hour. */
    yearly(monthStarts: readonly number[]): YearlyRow[] {
      return monthStarts.slice(0, -1).flatMap((sinceMs, index) => {
        const untilMs = monthStarts[index + 1] ?? sinceMs;
        const payments = paid.all(sinceMs, untilMs) as PaidSum[];
        return monthRows(index + 1, between(sinceMs, untilMs), { kindOf, payments, unitOf: tokens.unitOf });
      });
    },
  };
}
const keyOf = ({ type, model, gatewayUrl, network }: Kind) =>
  JSON.stringify([type, model, gatewayUrl, network]);

export type KindSums = ReturnType<typeof openKindSums>;

function added<T extends KindSum>(one: T, other: KindSum): T {
  return {
    ...one,
    jobs: one.jobs + other.jobs,
    tokens: one.tokens + other.tokens,
    gross: one.gross + other.gross,
    fee: one.fee + other.fee,
    cost: one.cost + other.cost,
  };
}

/** Of one month: a row for each network and asset where something was earned or paid. */
function monthRows(
  month: number,
  sums: KindSum[],
  known: { kindOf(id: number): Kind; payments: PaidSum[]; unitOf: TokenBook['unitOf'] },
): YearlyRow[] {
  const { kindOf, payments } = known;
  const rows = new Map<
    string,
    { jobs: number; gross: bigint; fee: bigint; cost: bigint; disputed: bigint; paid: bigint }
  >();
  const rowOf = (network: string, asset: string) => {
    const key = JSON.stringify([network, asset]);
    const row = rows.get(key) ?? { jobs: 0, gross: 0n, fee: 0n, cost: 0n, disputed: 0n, paid: 0n };
    rows.set(key, row);
    return row;
  };
  for (const { kindId, state, jobs, gross, fee, cost } of sums) {
    const { network, asset } = moneyIn(kindOf(kindId).network);
    const row = rowOf(network, asset);
    row.jobs += jobs;
    row.gross += gross;
    row.fee += fee;
    row.cost += cost;
    if (state === 'disputed') row.disputed += gross - fee;
  }
  for (const { network, asset: mint, amount } of payments) rowOf(network, assetOf(mint)).paid += amount;
  return [...rows]
    .filter(([, { jobs, paid }]) => jobs > 0 || paid > 0n)
    .map(([key, { jobs, gross, fee, cost, disputed, paid }]) => {
      const [network, asset] = JSON.parse(key) as [string, string];
      return {
        month,
        network,
        ...known.unitOf(asset),
        jobs,
        grossLamports: `${gross}`,
        feeLamports: `${fee}`,
        netLamports: `${gross - fee}`,
        costLamports: `${cost}`,
        disputedLamports: `${disputed}`,
        paidAtomic: `${paid}`,
      };
    });
}
