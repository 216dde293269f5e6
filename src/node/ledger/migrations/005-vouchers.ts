import type { Migration } from '../database.ts';

/**
 * Channels, the place of each accepted entry in its channel, and vouchers: they can only be added to. `payers`,
 * `open_entries` and `channel_sums` are running sums of what is added, kept in the same transaction, so that nobody counts a whole ledger.
 */
export const vouchers: Migration = [
  `
CREATE TABLE payers (
  id INTEGER PRIMARY KEY,
  gateway_url TEXT NOT NULL,
  network TEXT NOT NULL,
  payer TEXT NOT NULL,
  earned INTEGER NOT NULL DEFAULT 0,
  earned_jobs INTEGER NOT NULL DEFAULT 0,
  agreed INTEGER NOT NULL DEFAULT 0,
  agreed_jobs INTEGER NOT NULL DEFAULT 0,
  disputed INTEGER NOT NULL DEFAULT 0,
  disputed_jobs INTEGER NOT NULL DEFAULT 0,
  unattributed INTEGER NOT NULL DEFAULT 0,
  unattributed_jobs INTEGER NOT NULL DEFAULT 0,
  vouchered INTEGER NOT NULL DEFAULT 0,
  settled INTEGER NOT NULL DEFAULT 0,
  paid_at INTEGER,
  UNIQUE (gateway_url, network, payer)
) STRICT;

CREATE TABLE open_entries (entry_id INTEGER PRIMARY KEY, gateway_url TEXT NOT NULL) STRICT;

CREATE TABLE channels (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  channel TEXT NOT NULL UNIQUE,
  gateway_url TEXT NOT NULL,
  gateway_key TEXT NOT NULL,
  payout TEXT NOT NULL,
  mint TEXT NOT NULL,
  decimals INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  network TEXT NOT NULL,
  genesis_hash TEXT,
  treasury TEXT
) STRICT;

CREATE TABLE channel_sums (
  channel_id INTEGER PRIMARY KEY REFERENCES channels (id),
  reached INTEGER NOT NULL DEFAULT 0,
  placed INTEGER NOT NULL DEFAULT 0,
  placed_jobs INTEGER NOT NULL DEFAULT 0,
  vouchered INTEGER NOT NULL DEFAULT 0,
  vouchered_net INTEGER NOT NULL DEFAULT 0,
  vouchered_jobs INTEGER NOT NULL DEFAULT 0,
  settled INTEGER NOT NULL DEFAULT 0,
  settled_net INTEGER NOT NULL DEFAULT 0,
  settled_jobs INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0,
  refusal TEXT,
  CHECK (settled <= vouchered AND settled_net <= vouchered_net AND vouchered_net <= placed)
) STRICT;

CREATE TABLE positions (
  entry_id INTEGER PRIMARY KEY REFERENCES entries (id),
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  payer_id INTEGER NOT NULL REFERENCES payers (id),
  cumulative INTEGER NOT NULL,
  net INTEGER NOT NULL CHECK (net BETWEEN 0 AND cumulative)
) STRICT;
CREATE INDEX positions_by_place ON positions (channel_id, cumulative, net, payer_id, entry_id);
CREATE INDEX positions_by_entry ON positions (channel_id, entry_id, cumulative);

CREATE TABLE vouchers (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  at INTEGER NOT NULL,
  cumulative INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  bytes BLOB NOT NULL CHECK (length(bytes) = 50),
  signer TEXT NOT NULL,
  signature TEXT NOT NULL,
  UNIQUE (channel_id, cumulative, expires_at)
) STRICT;

CREATE TABLE refused_vouchers (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  at INTEGER NOT NULL,
  rule TEXT NOT NULL,
  sentence TEXT NOT NULL,
  voucher TEXT NOT NULL,
  signer TEXT NOT NULL,
  signature TEXT NOT NULL,
  UNIQUE (channel_id, voucher, signature)
) STRICT;

ALTER TABLE verdicts ADD COLUMN placed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX verdicts_unplaced ON verdicts (entry_id) WHERE verdict = 'agreed' AND placed = 0;
CREATE INDEX verdicts_disputed ON verdicts (entry_id) WHERE verdict = 'disputed';
CREATE INDEX entries_unattributed ON entries (id) WHERE seq IS NULL;

INSERT INTO open_entries SELECT e.id, e.gateway_url FROM entries e LEFT JOIN verdicts v ON v.entry_id = e.id
  WHERE e.seq IS NOT NULL AND v.entry_id IS NULL;
`,
  {
    byEntry: `
INSERT INTO payers (gateway_url, network, payer, earned, earned_jobs, agreed, agreed_jobs, disputed, disputed_jobs,
    unattributed, unattributed_jobs)
  SELECT gateway_url, network, payer, iif(state = 'earned', net, 0), state = 'earned', iif(state = 'agreed', net, 0), state = 'agreed',
    iif(state = 'disputed', net, 0), state = 'disputed', iif(state = 'unattributed', net, 0), state = 'unattributed'
  FROM (SELECT e.gateway_url, e.network, e.payer, e.price_lamports - e.fee_lamports AS net,
      COALESCE(v.verdict, iif(e.seq IS NULL, 'unattributed', 'earned')) AS state
    FROM entries e LEFT JOIN verdicts v ON v.entry_id = e.id WHERE e.id BETWEEN @from AND @to)
  WHERE true ON CONFLICT (gateway_url, network, payer) DO UPDATE SET
    earned = earned + excluded.earned, earned_jobs = earned_jobs + excluded.earned_jobs,
    agreed = agreed + excluded.agreed, agreed_jobs = agreed_jobs + excluded.agreed_jobs,
    disputed = disputed + excluded.disputed, disputed_jobs = disputed_jobs + excluded.disputed_jobs,
    unattributed = unattributed + excluded.unattributed, unattributed_jobs = unattributed_jobs + excluded.unattributed_jobs`,
  },
  `
CREATE TRIGGER entries_summed AFTER INSERT ON entries BEGIN
  INSERT INTO payers (gateway_url, network, payer) VALUES (NEW.gateway_url, NEW.network, NEW.payer)
    ON CONFLICT DO NOTHING;
  UPDATE payers SET
      earned = earned + iif(NEW.seq IS NULL, 0, NEW.price_lamports - NEW.fee_lamports),
      earned_jobs = earned_jobs + (NEW.seq IS NOT NULL),
      unattributed = unattributed + iif(NEW.seq IS NULL, NEW.price_lamports - NEW.fee_lamports, 0),
      unattributed_jobs = unattributed_jobs + (NEW.seq IS NULL)
    WHERE gateway_url = NEW.gateway_url AND network = NEW.network AND payer = NEW.payer;
  INSERT INTO open_entries SELECT NEW.id, NEW.gateway_url WHERE NEW.seq IS NOT NULL;
END;

CREATE TRIGGER verdicts_summed AFTER INSERT ON verdicts BEGIN
  DELETE FROM open_entries WHERE entry_id = NEW.entry_id;
  UPDATE payers SET
      earned = earned - e.net,
      earned_jobs = earned_jobs - 1,
      agreed = agreed + iif(NEW.verdict = 'agreed', e.net, 0),
      agreed_jobs = agreed_jobs + (NEW.verdict = 'agreed'),
      disputed = disputed + iif(NEW.verdict = 'disputed', e.net, 0),
      disputed_jobs = disputed_jobs + (NEW.verdict = 'disputed')
    FROM (SELECT gateway_url, network, payer, price_lamports - fee_lamports AS net FROM entries WHERE id = NEW.entry_id) AS e
    WHERE payers.gateway_url = e.gateway_url AND payers.network = e.network AND payers.payer = e.payer;
END;

CREATE TRIGGER channels_summed AFTER INSERT ON channels BEGIN
  INSERT INTO channel_sums (channel_id) VALUES (NEW.id);
END;

CREATE TRIGGER positions_apart BEFORE INSERT ON positions WHEN NEW.net > 0 AND NEW.cumulative > (
    SELECT cumulative - net FROM positions WHERE channel_id = NEW.channel_id AND cumulative > NEW.cumulative - NEW.net AND net > 0
    ORDER BY cumulative LIMIT 1)
  BEGIN SELECT RAISE(ABORT, 'two receipts at one place'); END;

CREATE TRIGGER positions_summed AFTER INSERT ON positions BEGIN
  UPDATE payers SET
      vouchered = payers.vouchered + iif(NEW.cumulative <= s.to_vouchered, NEW.net, 0),
      settled = payers.settled + iif(NEW.cumulative <= s.to_settled, NEW.net, 0)
    FROM (SELECT vouchered AS to_vouchered, settled AS to_settled FROM channel_sums WHERE channel_id = NEW.channel_id) AS s WHERE payers.id = NEW.payer_id;
  UPDATE channel_sums SET
      reached = max(reached, NEW.cumulative), placed = placed + NEW.net, placed_jobs = placed_jobs + 1,
      vouchered_net = vouchered_net + iif(NEW.cumulative <= vouchered, NEW.net, 0),
      vouchered_jobs = vouchered_jobs + (NEW.cumulative <= vouchered),
      settled_net = settled_net + iif(NEW.cumulative <= settled, NEW.net, 0),
      settled_jobs = settled_jobs + (NEW.cumulative <= settled)
    WHERE channel_id = NEW.channel_id;
END;

CREATE TRIGGER vouchers_rise BEFORE INSERT ON vouchers WHEN EXISTS (
    SELECT 1 FROM vouchers WHERE channel_id = NEW.channel_id
      AND (cumulative > NEW.cumulative OR (cumulative = NEW.cumulative AND expires_at >= NEW.expires_at)))
  BEGIN SELECT RAISE(ABORT, 'vouchers only rise'); END;

${['channels', 'positions', 'vouchers', 'refused_vouchers']
  .map(
    (table) => `
CREATE TRIGGER ${table}_stay BEFORE UPDATE ON ${table} BEGIN SELECT RAISE(ABORT, '${table} are append-only'); END;
CREATE TRIGGER ${table}_remain BEFORE DELETE ON ${table} BEGIN SELECT RAISE(ABORT, '${table} are append-only'); END;`,
  )
  .join('')}
`,
];
