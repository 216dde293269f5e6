/** Entries of jobs and the gateway's verdicts on them; both can only be added to. */
export const entries = `
CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  gateway_url TEXT NOT NULL,
  network TEXT NOT NULL,
  model TEXT NOT NULL,
  payer TEXT NOT NULL,
  prompt_tokens INTEGER NOT NULL CHECK (prompt_tokens >= 0),
  generated_tokens INTEGER NOT NULL CHECK (generated_tokens >= 0),
  price_lamports INTEGER NOT NULL CHECK (price_lamports >= 0),
  fee_lamports INTEGER NOT NULL CHECK (fee_lamports BETWEEN 0 AND price_lamports),
  duration_ms INTEGER NOT NULL,
  seq INTEGER UNIQUE,
  receipt TEXT,
  UNIQUE (gateway_url, request_id)
) STRICT;
CREATE INDEX entries_by_time ON entries (at);

CREATE TABLE verdicts (
  entry_id INTEGER PRIMARY KEY REFERENCES entries (id),
  at INTEGER NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('agreed', 'disputed')),
  reason TEXT,
  owed_lamports INTEGER NOT NULL CHECK (owed_lamports >= 0)
) STRICT;

CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_remain BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER verdicts_stay BEFORE UPDATE ON verdicts BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
CREATE TRIGGER verdicts_remain BEFORE DELETE ON verdicts BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
`;
