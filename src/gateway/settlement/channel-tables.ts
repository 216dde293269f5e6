import { appendOnly } from '../append-only.ts';

const ended = `('finalized', 'expired', 'failed')`;

/**
 * Channels and what was vouched for and paid in them. The triggers hold what must never break, whatever the code above does:
 * sums without gaps, no voucher above what was accepted, no payment above a voucher, one payment of a channel at a time.
 */
export const channelTables = `
  ALTER TABLE jobs ADD COLUMN network TEXT NOT NULL DEFAULT 'test-credits';
  CREATE TABLE networks (
    epoch INTEGER PRIMARY KEY, at INTEGER NOT NULL, network TEXT NOT NULL UNIQUE, genesis_hash TEXT
  ) STRICT;
  CREATE TABLE channels (
    channel TEXT PRIMARY KEY, at INTEGER NOT NULL, payout TEXT NOT NULL, mint TEXT NOT NULL, epoch INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE channel_receipts (
    channel TEXT NOT NULL REFERENCES channels, position INTEGER NOT NULL, at INTEGER NOT NULL, node_id TEXT NOT NULL,
    request_id TEXT NOT NULL, owed INTEGER NOT NULL CHECK (owed >= 0), cumulative INTEGER NOT NULL,
    PRIMARY KEY (channel, position), UNIQUE (node_id, request_id)
  ) STRICT;
  CREATE TABLE vouchers (
    channel TEXT NOT NULL REFERENCES channels, number INTEGER NOT NULL, at INTEGER NOT NULL, cumulative INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, voucher TEXT NOT NULL, signature TEXT NOT NULL, PRIMARY KEY (channel, number)
  ) STRICT;
  CREATE TABLE settlements (
    id TEXT PRIMARY KEY, channel TEXT NOT NULL REFERENCES channels, at INTEGER NOT NULL, mode TEXT NOT NULL,
    from_cumulative INTEGER NOT NULL, cumulative INTEGER NOT NULL, blockhash TEXT NOT NULL,
    last_valid_block_height INTEGER NOT NULL, slot INTEGER NOT NULL, fee_lamports INTEGER NOT NULL, transaction_bytes BLOB NOT NULL
  ) STRICT;
  CREATE INDEX settlements_by_channel ON settlements (channel);
  CREATE TABLE settlement_states (
    settlement_id TEXT NOT NULL REFERENCES settlements, number INTEGER NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL,
    signature TEXT, reason TEXT, PRIMARY KEY (settlement_id, number)
  ) STRICT;
  CREATE TABLE payouts (
    settlement_id TEXT PRIMARY KEY REFERENCES settlements, at INTEGER NOT NULL, signature TEXT NOT NULL UNIQUE,
    slot INTEGER NOT NULL, fee_lamports INTEGER NOT NULL, amount INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE payout_wallets (
    node_id TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, payout TEXT NOT NULL, payout_by TEXT NOT NULL,
    is_delegated INTEGER NOT NULL, PRIMARY KEY (node_id, number)
  ) STRICT;
  CREATE TABLE delegations (
    node_id TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, node_key TEXT NOT NULL, address TEXT NOT NULL,
    issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, signed_message TEXT NOT NULL, signature TEXT NOT NULL,
    PRIMARY KEY (node_id, number)
  ) STRICT;
  CREATE TABLE delegation_ends (
    node_id TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (node_id, number)
  ) STRICT;

  CREATE VIEW channel_sums AS SELECT channel, payout, mint, epoch,
    COALESCE((SELECT cumulative FROM channel_receipts r WHERE r.channel = c.channel
      ORDER BY position DESC LIMIT 1), 0) AS accepted,
    COALESCE((SELECT cumulative FROM vouchers v WHERE v.channel = c.channel
      ORDER BY number DESC LIMIT 1), 0) AS vouchered,
    (SELECT COALESCE(MAX(s.cumulative), 0) FROM settlements s JOIN settlement_states t ON t.settlement_id = s.id
      WHERE s.channel = c.channel AND t.state = 'finalized') AS settled
    FROM channels c;
  CREATE VIEW settlement_now AS SELECT s.rowid AS place, s.*, t.state, t.reason, t.at AS state_at,
    (SELECT signature FROM settlement_states u WHERE u.settlement_id = s.id AND signature IS NOT NULL
      ORDER BY number DESC LIMIT 1) AS signature
    FROM settlements s JOIN settlement_states t ON t.settlement_id = s.id
      AND t.number = (SELECT MAX(number) FROM settlement_states u WHERE u.settlement_id = s.id);

  CREATE TRIGGER channel_receipts_in_order BEFORE INSERT ON channel_receipts
    WHEN NEW.cumulative <> NEW.owed + COALESCE(
        (SELECT cumulative FROM channel_receipts WHERE channel = NEW.channel AND position = NEW.position - 1), 0)
      OR NEW.position <> 1 + COALESCE((SELECT MAX(position) FROM channel_receipts WHERE channel = NEW.channel), 0)
    BEGIN SELECT RAISE(ABORT, 'a channel has its receipts in one order'); END;
  CREATE TRIGGER vouchers_are_earned BEFORE INSERT ON vouchers
    WHEN NEW.number <> 1 + COALESCE((SELECT MAX(number) FROM vouchers WHERE channel = NEW.channel), 0)
      OR NEW.cumulative > (SELECT accepted FROM channel_sums WHERE channel = NEW.channel)
      OR NEW.cumulative < (SELECT vouchered FROM channel_sums WHERE channel = NEW.channel)
    BEGIN SELECT RAISE(ABORT, 'a voucher covers what was accepted'); END;
  CREATE TRIGGER settlements_are_vouchered BEFORE INSERT ON settlements
    WHEN NEW.cumulative <= NEW.from_cumulative
      OR NEW.from_cumulative <> (SELECT settled FROM channel_sums WHERE channel = NEW.channel)
      OR NEW.cumulative > (SELECT vouchered FROM channel_sums WHERE channel = NEW.channel)
    BEGIN SELECT RAISE(ABORT, 'a payment covers what was vouchered and not paid'); END;
  CREATE TRIGGER settlements_one_by_one BEFORE INSERT ON settlements
    WHEN EXISTS (SELECT 1 FROM settlements s WHERE s.channel = NEW.channel AND NOT EXISTS
      (SELECT 1 FROM settlement_states t WHERE t.settlement_id = s.id AND t.state IN ${ended}))
    BEGIN SELECT RAISE(ABORT, 'another payment of this channel is under way'); END;
  CREATE TRIGGER settlement_states_end BEFORE INSERT ON settlement_states
    WHEN EXISTS (SELECT 1 FROM settlement_states WHERE settlement_id = NEW.settlement_id AND state IN ${ended})
    BEGIN SELECT RAISE(ABORT, 'this payment has ended'); END;
  ${appendOnly(
    'networks',
    'channels',
    'channel_receipts',
    'vouchers',
    'settlements',
    'settlement_states',
    'payouts',
    'payout_wallets',
    'delegations',
    'delegation_ends',
  )}`;

/** What wallets have agreed to, each good for one registration: said again, it is old. */
export const payoutChangeTables = `
  CREATE TABLE payout_changes (
    node_id TEXT NOT NULL, message TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (node_id, message)
  ) STRICT;
  ${appendOnly('payout_changes')}`;
