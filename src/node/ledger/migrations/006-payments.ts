/**
 * Payments, their states one after the other, and the payouts that wait for the wallet's signature; they can only be added to.
 * `cursors` is how far the chain has been read, and is replaced. A payment is one transaction; it is booked once.
 */
export const payments = `
CREATE TABLE claims (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  settled INTEGER NOT NULL,
  cumulative INTEGER NOT NULL CHECK (cumulative > settled),
  fee INTEGER NOT NULL,
  message BLOB NOT NULL,
  last_valid_block_height INTEGER NOT NULL
) STRICT;

CREATE TABLE payments (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  signature TEXT NOT NULL UNIQUE,
  gateway_url TEXT NOT NULL,
  channel_id INTEGER REFERENCES channels (id),
  mode TEXT NOT NULL CHECK (mode IN ('gateway', 'claim', 'unattributed')),
  cumulative INTEGER,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  asset TEXT NOT NULL,
  cluster TEXT NOT NULL,
  bytes BLOB,
  last_valid_block_height INTEGER
) STRICT;
CREATE INDEX payments_by_channel ON payments (channel_id);

CREATE TABLE payment_states (
  payment_id TEXT NOT NULL REFERENCES payments (id),
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('submitted', 'confirmed', 'finalized', 'expired', 'failed', 'disputed')),
  reason TEXT,
  PRIMARY KEY (payment_id, number)
) STRICT;
CREATE TABLE settlements (
  payment_id TEXT PRIMARY KEY REFERENCES payments (id),
  at INTEGER NOT NULL,
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  cumulative INTEGER NOT NULL,
  received INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  UNIQUE (channel_id, cumulative)
) STRICT;

CREATE VIEW payment_now AS SELECT p.rowid AS place, p.id, p.at, p.signature, p.gateway_url, p.channel_id, p.mode,
  COALESCE(f.cumulative, p.cumulative) AS cumulative, COALESCE(f.received, p.amount) AS amount, p.asset, p.cluster, p.bytes,
  p.last_valid_block_height, s.state, s.reason, s.at AS state_at FROM payments p
  JOIN payment_states s ON s.payment_id = p.id
    AND s.number = (SELECT MAX(number) FROM payment_states t WHERE t.payment_id = p.id)
  LEFT JOIN settlements f ON f.payment_id = p.id;

CREATE TABLE cursors (
  address TEXT NOT NULL, genesis_hash TEXT NOT NULL, signature TEXT NOT NULL, PRIMARY KEY (address, genesis_hash)
) STRICT;

CREATE TRIGGER payment_states_end BEFORE INSERT ON payment_states WHEN EXISTS (
    SELECT 1 FROM payment_states WHERE payment_id = NEW.payment_id AND state IN ('finalized', 'failed', 'disputed'))
  BEGIN SELECT RAISE(ABORT, 'this payment has ended'); END;
CREATE TRIGGER settlements_rise BEFORE INSERT ON settlements
  WHEN NEW.received < NEW.cumulative - (SELECT settled FROM channel_sums WHERE channel_id = NEW.channel_id)
    OR NEW.cumulative <= (SELECT settled FROM channel_sums WHERE channel_id = NEW.channel_id)
  BEGIN SELECT RAISE(ABORT, 'a settlement pays all up to its amount, once'); END;

${['claims', 'payments', 'payment_states', 'settlements']
  .map(
    (table) => `
CREATE TRIGGER ${table}_stay BEFORE UPDATE ON ${table} BEGIN SELECT RAISE(ABORT, '${table} are append-only'); END;
CREATE TRIGGER ${table}_remain BEFORE DELETE ON ${table} BEGIN SELECT RAISE(ABORT, '${table} are append-only'); END;`,
  )
  .join('')}
`;
