/** What providers cost, one row an answer; and of each proxied entry, whom it went to and how its price came about. */
export const spend = `
CREATE TABLE spend (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  prompt_tokens INTEGER NOT NULL CHECK (prompt_tokens >= 0),
  cached_tokens INTEGER NOT NULL CHECK (cached_tokens >= 0),
  cache_write_tokens INTEGER NOT NULL CHECK (cache_write_tokens >= 0),
  completion_tokens INTEGER NOT NULL CHECK (completion_tokens >= 0),
  reasoning_tokens INTEGER NOT NULL CHECK (reasoning_tokens >= 0),
  cost_pico_usd INTEGER NOT NULL CHECK (cost_pico_usd >= 0),
  is_estimate INTEGER NOT NULL CHECK (is_estimate IN (0, 1))
) STRICT;
CREATE INDEX spend_by_time ON spend (at);

CREATE TABLE proxied (
  entry_id INTEGER PRIMARY KEY REFERENCES entries (id),
  target TEXT NOT NULL,
  cost_pico_usd INTEGER NOT NULL CHECK (cost_pico_usd >= 0),
  commission_basis_points INTEGER NOT NULL CHECK (commission_basis_points >= 0),
  sol_micro_usd INTEGER NOT NULL CHECK (sol_micro_usd > 0),
  cost_lamports INTEGER NOT NULL CHECK (cost_lamports >= 0),
  commission_lamports INTEGER NOT NULL CHECK (commission_lamports >= 0),
  is_estimate INTEGER NOT NULL CHECK (is_estimate IN (0, 1)),
  is_cache_hit INTEGER NOT NULL CHECK (is_cache_hit IN (0, 1))
) STRICT;

CREATE TRIGGER spend_stays BEFORE UPDATE ON spend BEGIN SELECT RAISE(ABORT, 'spend is append-only'); END;
CREATE TRIGGER spend_remains BEFORE DELETE ON spend BEGIN SELECT RAISE(ABORT, 'spend is append-only'); END;
CREATE TRIGGER proxied_stay BEFORE UPDATE ON proxied BEGIN SELECT RAISE(ABORT, 'proxied is append-only'); END;
CREATE TRIGGER proxied_remain BEFORE DELETE ON proxied BEGIN SELECT RAISE(ABORT, 'proxied is append-only'); END;
`;
