import type { Database, Statement } from 'better-sqlite3';
import type { EntryFilter, EntryPage } from '#contract/earnings.ts';
import { columns, type EntryRow, entryOf, joined, state, stateJoins } from './entry-rows.ts';
import { type KindSums, quarterMs } from './kind-sums.ts';

const quartersPerDay = 96;
/** Requests whose id begins as asked for that are looked at. */
const mostFound = 200;

const mostStatements = 200;

/** Which page: by its first row's number, or the entries just older or newer than one. */
export interface PagePlace {
  row?: number | undefined;
  beforeId?: number | undefined;
  afterId?: number | undefined;
  limit: number;
  filter?: EntryFilter | undefined;
}

/** A filter as the tables have it; `first` and `end` are quarters of an hour, the end outside. */
interface Wanted {
  kindIds: number[] | null;
  state: EntryFilter['state'];
  first: number;
  end: number;
}

/** An entry's place in the order. */
interface Place {
  at: bigint;
  id: bigint;
}

/** Within a quarter or a day, so many entries. */
interface Bucket {
  bucket: number;
  jobs: number;
}

/**
 * Entries by time, newest first, with any filter and from any row on: running sums say how many lie in which day and quarter, and only
 * quarters that hold some of a page are read.
 */
export function openEntryList(database: Database, sums: KindSums): (place: PagePlace) => EntryPage {
  const placeOf = database.prepare('SELECT at, id FROM entries WHERE id = ?');
  const statements = new Map<string, Statement>();

  /** Preparing these takes as long as running them. */
  function prepared(sql: string): Statement {
    const known = statements.get(sql);
    if (known) return known;
    if (statements.size >= mostStatements) statements.clear();
    const made = database.prepare(sql);
    statements.set(sql, made);
    return made;
  }

  function wantedBy(filter: EntryFilter): Wanted {
    const { type, model, gatewayUrl } = filter;
    const isAll = type === undefined && model === undefined && gatewayUrl === undefined;
    const kinds = [...sums.kinds()].filter(
      ([, kind]) =>
        (type ?? kind.type) === kind.type &&
        (model ?? kind.model) === kind.model &&
        (gatewayUrl ?? kind.gatewayUrl) === kind.gatewayUrl,
    );
    return {
      kindIds: isAll ? null : kinds.map(([id]) => id),
      state: filter.state,
      first: Math.floor((filter.from ?? 0) / quarterMs),
      end: Math.ceil((filter.until ?? Number.MAX_SAFE_INTEGER) / quarterMs),
    };
  }

  const condition = ({ kindIds, state: of }: Wanted, kindColumn: string, stateColumn: string) =>
    [
      kindIds === null ? 'true' : `${kindColumn} IN (${kindIds.join(',')})`,
      of === undefined ? 'true' : `${stateColumn} = '${of}'`,
    ].join(' AND ');

  /** Days or quarters that hold entries, from the newest on or from the oldest. */
  function buckets(
    table: 'day_sums' | 'quarter_sums',
    wanted: Wanted,
    span: [number, number],
    isUp: boolean,
  ) {
    const rows = prepared(
      `SELECT bucket, SUM(jobs) AS jobs FROM ${table} WHERE bucket >= ? AND bucket < ? AND ${condition(wanted, 'kind_id', 'state')}
         GROUP BY bucket HAVING SUM(jobs) > 0 ORDER BY bucket ${isUp ? 'ASC' : 'DESC'}`,
    ).all(...span) as { bucket: bigint; jobs: bigint }[];
    return rows.map((row): Bucket => ({ bucket: Number(row.bucket), jobs: Number(row.jobs) }));
  }

  /** Days and, where the span begins or ends within one, quarters, in order; each can tell its quarters. */
  function pieces(wanted: Wanted, isUp: boolean): { jobs: number; quarters(): Bucket[] }[] {
    const { first, end } = wanted;
    const firstDay = Math.ceil(first / quartersPerDay);
    const endDay = Math.floor(end / quartersPerDay);
    const single = (span: [number, number]) =>
      buckets('quarter_sums', wanted, span, isUp).map((one) => ({ jobs: one.jobs, quarters: () => [one] }));
    if (firstDay >= endDay) return single([first, end]);
    const days = buckets('day_sums', wanted, [firstDay, endDay], isUp).map(({ bucket, jobs }) => ({
      jobs,
      quarters: () =>
        buckets('quarter_sums', wanted, [bucket * quartersPerDay, (bucket + 1) * quartersPerDay], isUp),
    }));
    const head = single([first, firstDay * quartersPerDay]);
    const tail = single([endDay * quartersPerDay, end]);
    return isUp ? [...head, ...days, ...tail] : [...tail, ...days, ...head];
  }

  /** Rows in reading order: of the quarters, after `skip` of them; with `from` only those on its far side. */
  function readQuarters(
    wanted: Wanted,
    options: { quarters: number[]; limit: number; skip: number; isUp: boolean; from: Place | null },
  ): EntryRow[] {
    const { quarters, limit, skip, isUp, from } = options;
    const order = isUp ? 'ASC' : 'DESC';
    const side = from ? `AND (e.at, e.id) ${isUp ? '>' : '<'} (@at, @id)` : '';
    return prepared(
      `WITH chosen AS MATERIALIZED (SELECT e.id FROM json_each(@quarters) j CROSS JOIN entries e
         ON e.at >= j.value * ${quarterMs} AND e.at < (j.value + 1) * ${quarterMs}
         ${wanted.state === undefined ? '' : stateJoins}
         WHERE ${condition(wanted, 'e.kind_id', `(${state})`)} ${side}
         ORDER BY e.at ${order}, e.id ${order} LIMIT @limit OFFSET @skip)
       SELECT ${columns} ${joined} WHERE e.id IN (SELECT id FROM chosen) ORDER BY e.at ${order}, e.id ${order}`,
    ).all({ quarters: JSON.stringify(quarters), limit, skip, ...from }) as EntryRow[];
  }

  /** Rows from a place on, in reading order; `skip` entries are passed over first. */
  function read(
    wanted: Wanted,
    options: { limit: number; skip: number; isUp: boolean; from: Place | null },
  ): EntryRow[] {
    const { limit, isUp, from } = options;
    const at = from ? Math.floor(Number(from.at) / quarterMs) : null;
    const span =
      at === null
        ? wanted
        : isUp
          ? { ...wanted, first: Math.max(wanted.first, at) }
          : { ...wanted, end: Math.min(wanted.end, at + 1) };
    const quarters: number[] = [];
    let { skip } = options;
    let found = 0;
    for (const piece of pieces(span, isUp)) {
      if (found >= skip + limit) break;
      if (quarters.length === 0 && piece.jobs <= skip) {
        skip -= piece.jobs;
        continue;
      }
      for (const { bucket, jobs } of piece.quarters()) {
        if (found >= skip + limit) break;
        if (quarters.length === 0 && jobs <= skip) {
          skip -= jobs;
          continue;
        }
        quarters.push(bucket);
        // Some of the quarter that is begun in lie on the near side.
        if (bucket !== at) found += jobs;
      }
    }
    return quarters.length === 0 ? [] : readQuarters(wanted, { quarters, limit, skip, isUp, from });
  }

  function count({ kindIds, state: of, first, end }: Wanted): number {
    return sums
      .between(first * quarterMs, end * quarterMs)
      .filter((sum) => (kindIds === null || kindIds.includes(sum.kindId)) && (of ?? sum.state) === sum.state)
      .reduce((total, { jobs }) => total + jobs, 0);
  }

  /** Requests by the beginning of their id: each gateway's index of them is asked. */
  function search(beginning: string, wanted: Wanted, { row = 0, limit }: PagePlace): EntryPage {
    const gateways = [...new Set([...sums.kinds().values()].map(({ gatewayUrl }) => gatewayUrl))];
    const find = prepared(
      'SELECT id FROM entries WHERE gateway_url = ? AND request_id >= ? AND request_id < ? ORDER BY request_id LIMIT ?',
    );
    const found = gateways.flatMap(
      (url) => find.all(url, beginning, `${beginning}\u{10ffff}`, mostFound + 1) as { id: bigint }[],
    );
    const rows = prepared(
      `SELECT ${columns} ${joined} WHERE e.id IN (SELECT value FROM json_each(@ids)) AND e.at >= @first AND e.at < @end
         AND ${condition(wanted, 'e.kind_id', `(${state})`)} ORDER BY e.at DESC, e.id DESC`,
    ).all({
      ids: JSON.stringify(found.slice(0, mostFound).map(({ id }) => Number(id))),
      first: wanted.first * quarterMs,
      end: wanted.end * quarterMs,
    }) as EntryRow[];
    return {
      entries: rows.slice(row, row + limit).map(entryOf),
      total: rows.length,
      firstRow: row,
      isCut: found.length > mostFound,
    };
  }

  return (place) => {
    const { row = 0, beforeId, afterId, limit, filter = {} } = place;
    const wanted = wantedBy(filter);
    if (filter.requestId !== undefined) return search(filter.requestId, wanted, place);
    const total = count(wanted);
    const id = beforeId ?? afterId;
    if (id === undefined) {
      const rows = read(wanted, { limit, skip: row, isUp: false, from: null });
      return { entries: rows.map(entryOf), total, firstRow: row, isCut: false };
    }
    const from = placeOf.get(id) as Place | undefined;
    const isUp = beforeId === undefined;
    const rows = from ? read(wanted, { limit, skip: 0, isUp, from }) : [];
    if (isUp) rows.reverse();
    return { entries: rows.map(entryOf), total, firstRow: null, isCut: false };
  };
}
