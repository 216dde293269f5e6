import type { Migration } from '../database.ts';

const quarterMs = 900_000;
const dayMs = 86_400_000;
const tables = [
  { name: 'quarter_sums', sizeMs: quarterMs },
  { name: 'day_sums', sizeMs: dayMs },
  // One bucket, 0, for all of time.
  { name: 'whole_sums', sizeMs: Number.MAX_SAFE_INTEGER },
] as const;

const typeOf = `CASE WHEN t.entry_id IS NOT NULL THEN 'training' WHEN p.entry_id IS NOT NULL THEN 'proxy' ELSE 'inference' END`;

/** Adds rows of (at, kind_id, state, sign, tokens, gross, fee, cost) to one of them, or to all. */
const addTo = ({ name, sizeMs }: (typeof tables)[number], rows: string) => `
  INSERT INTO ${name}
    SELECT at / ${sizeMs}, kind_id, state, SUM(sign), SUM(sign * tokens), SUM(sign * gross), SUM(sign * fee), SUM(sign * cost)
    FROM (${rows}) WHERE true GROUP BY 1, 2, 3
    ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs, tokens = tokens + excluded.tokens, gross = gross + excluded.gross,
      fee = fee + excluded.fee, cost = cost + excluded.cost;`;
const add = (rows: string) => tables.map((table) => addTo(table, rows)).join('');

const figures = (sign: number, state: string) =>
  `SELECT e.at, e.kind_id, ${state} AS state, ${sign} AS sign, e.prompt_tokens + e.generated_tokens AS tokens,
      e.price_lamports AS gross, e.fee_lamports AS fee, COALESCE(p.cost_lamports, 0) AS cost`;

/** Moves the entries that `from` names (as e) from one state to another. A sum of none is no row: most quarters end in one state. */
const move = (from: string, before: string, after: string) =>
  `${add(`${figures(-1, before)} ${from} UNION ALL ${figures(1, after)} ${from}`)}${tables
    .map(
      ({ name, sizeMs }) => `
  DELETE FROM ${name} WHERE jobs = 0 AND (bucket, kind_id) IN (SELECT e.at / ${sizeMs}, e.kind_id ${from});`,
    )
    .join('')}`;

const entryOf = (id: string) => `FROM entries e LEFT JOIN proxied p ON p.entry_id = e.id WHERE e.id = ${id}`;
const placesOf = (range: string) =>
  `FROM positions q JOIN entries e ON e.id = q.entry_id LEFT JOIN proxied p ON p.entry_id = e.id
     WHERE q.channel_id = NEW.channel_id AND ${range}`;
const initial = `iif(e.seq IS NULL, 'unattributed', 'earned')`;

/**
 * What an entry is one of (type, model, gateway, network), and running sums by kind and state of each quarter of an hour, each UTC day
 * and all of time, kept by triggers in the transaction of what they sum. Every time zone's days begin at a quarter.
 */
export const kinds: Migration = [
  `
CREATE TABLE kinds (
  id INTEGER PRIMARY KEY,
  type TEXT NOT NULL CHECK (type IN ('inference', 'training', 'proxy')),
  model TEXT NOT NULL,
  gateway_url TEXT NOT NULL,
  network TEXT NOT NULL,
  UNIQUE (type, model, gateway_url, network)
) STRICT;
`,
  {
    byEntry: `
INSERT INTO kinds (type, model, gateway_url, network)
  SELECT ${typeOf}, e.model, e.gateway_url, e.network FROM entries e
  LEFT JOIN proxied p ON p.entry_id = e.id LEFT JOIN trained t ON t.entry_id = e.id
  WHERE e.id BETWEEN @from AND @to ON CONFLICT DO NOTHING`,
  },
  `
DROP TRIGGER entries_stay;
ALTER TABLE entries ADD COLUMN kind_id INTEGER REFERENCES kinds (id);
`,
  {
    byEntry: `
UPDATE entries SET kind_id = (SELECT k.id FROM kinds k
    WHERE k.type = CASE WHEN EXISTS (SELECT 1 FROM trained t WHERE t.entry_id = entries.id) THEN 'training'
        WHEN EXISTS (SELECT 1 FROM proxied p WHERE p.entry_id = entries.id) THEN 'proxy' ELSE 'inference' END
      AND k.model = entries.model AND k.gateway_url = entries.gateway_url AND k.network = entries.network)
  WHERE id BETWEEN @from AND @to`,
  },
  `
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE INDEX entries_by_kind_and_time ON entries (kind_id, at);
CREATE TRIGGER entries_kind BEFORE INSERT ON entries WHEN NEW.kind_id IS NULL
  BEGIN SELECT RAISE(ABORT, 'an entry is of a kind'); END;

${tables
  .map(
    ({ name }) => `
CREATE TABLE ${name} (
  bucket INTEGER NOT NULL, kind_id INTEGER NOT NULL, state TEXT NOT NULL, jobs INTEGER NOT NULL, tokens INTEGER NOT NULL,
  gross INTEGER NOT NULL, fee INTEGER NOT NULL, cost INTEGER NOT NULL, PRIMARY KEY (bucket, kind_id, state)
) STRICT, WITHOUT ROWID;`,
  )
  .join('')}
`,
  {
    byEntry: addTo(
      tables[0],
      `${figures(
        1,
        `CASE WHEN v.verdict = 'disputed' THEN 'disputed'
      WHEN q.entry_id IS NOT NULL THEN CASE WHEN q.cumulative <= s.settled THEN 'settled'
        WHEN q.cumulative <= s.vouchered THEN 'vouchered' WHEN s.refusal IS NOT NULL THEN 'disputed' ELSE 'agreed' END
      WHEN v.verdict IS NOT NULL THEN v.verdict ELSE ${initial} END`,
      )} FROM entries e LEFT JOIN proxied p ON p.entry_id = e.id LEFT JOIN verdicts v ON v.entry_id = e.id
     LEFT JOIN positions q ON q.entry_id = e.id LEFT JOIN channel_sums s ON s.channel_id = q.channel_id
     WHERE e.id BETWEEN @from AND @to`,
    ),
  },
  `
${tables
  .slice(1)
  .map(
    ({ name, sizeMs }) => `
INSERT INTO ${name} SELECT bucket * ${quarterMs} / ${sizeMs}, kind_id, state, SUM(jobs), SUM(tokens), SUM(gross), SUM(fee), SUM(cost)
  FROM quarter_sums GROUP BY 1, 2, 3;`,
  )
  .join('')}

CREATE TRIGGER entries_by_kind AFTER INSERT ON entries BEGIN
${tables
  .map(
    ({ name, sizeMs }) => `
  INSERT INTO ${name} VALUES (NEW.at / ${sizeMs}, NEW.kind_id, iif(NEW.seq IS NULL, 'unattributed', 'earned'), 1,
      NEW.prompt_tokens + NEW.generated_tokens, NEW.price_lamports, NEW.fee_lamports, 0)
    ON CONFLICT DO UPDATE SET jobs = jobs + 1, tokens = tokens + excluded.tokens, gross = gross + excluded.gross,
      fee = fee + excluded.fee;`,
  )
  .join('')}
END;
CREATE TRIGGER proxied_by_kind AFTER INSERT ON proxied BEGIN
${tables
  .map(
    ({ name, sizeMs }) => `
  UPDATE ${name} SET cost = cost + NEW.cost_lamports FROM (SELECT at, kind_id, ${initial} AS state FROM entries e WHERE id = NEW.entry_id) AS e
    WHERE bucket = e.at / ${sizeMs} AND ${name}.kind_id = e.kind_id AND ${name}.state = e.state;`,
  )
  .join('')}
END;
CREATE TRIGGER verdicts_by_kind AFTER INSERT ON verdicts BEGIN
${move(entryOf('NEW.entry_id'), initial, 'NEW.verdict')}
END;
CREATE TRIGGER positions_by_kind AFTER INSERT ON positions WHEN EXISTS (
    SELECT 1 FROM channel_sums WHERE channel_id = NEW.channel_id AND (NEW.cumulative <= vouchered OR refusal IS NOT NULL)) BEGIN
${move(
  entryOf('NEW.entry_id'),
  `'agreed'`,
  `(SELECT CASE WHEN NEW.cumulative <= settled THEN 'settled' WHEN NEW.cumulative <= vouchered THEN 'vouchered' ELSE 'disputed' END
    FROM channel_sums WHERE channel_id = NEW.channel_id)`,
)}
END;
CREATE TRIGGER vouchered_by_kind AFTER UPDATE OF vouchered ON channel_sums WHEN NEW.vouchered > OLD.vouchered BEGIN
${move(
  placesOf('q.cumulative > OLD.vouchered AND q.cumulative <= NEW.vouchered'),
  `iif(OLD.refusal IS NULL, 'agreed', 'disputed')`,
  `'vouchered'`,
)}
END;
CREATE TRIGGER settled_by_kind AFTER UPDATE OF settled ON channel_sums WHEN NEW.settled > OLD.settled BEGIN
${move(placesOf('q.cumulative > OLD.settled AND q.cumulative <= NEW.settled'), `'vouchered'`, `'settled'`)}
END;
CREATE TRIGGER refusal_by_kind AFTER UPDATE OF refusal ON channel_sums WHEN (NEW.refusal IS NULL) <> (OLD.refusal IS NULL) BEGIN
${move(
  placesOf('q.cumulative > NEW.vouchered'),
  `iif(OLD.refusal IS NULL, 'agreed', 'disputed')`,
  `iif(NEW.refusal IS NULL, 'agreed', 'disputed')`,
)}
END;
`,
];
