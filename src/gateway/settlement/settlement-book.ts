import type { Database } from 'better-sqlite3';
import type { WireSettlement } from '#contract/wire/settlement.ts';

type SettlementState = WireSettlement['state'];

/** A payment as it stands: its bytes are in the book before anybody sees them. */
export interface Settlement {
  id: string;
  channel: string;
  mode: 'gateway' | 'claim';
  fromAtomic: bigint;
  cumulativeAtomic: bigint;
  blockhash: string;
  lastValidBlockHeight: number;
  /** Of the chain when it was prepared: it cannot have landed before. */
  slot: number;
  feeLamports: bigint;
  /** Signed by the treasury. */
  transaction: Uint8Array;
  state: SettlementState;
  /** base58; of a claim it is known once it is found on the chain. */
  signature: string | null;
  reason: string | null;
  /** Unix ms of its state, and of when it was prepared. */
  at: number;
  since: number;
}

export interface SettlementBook {
  /** Takes a payment down as prepared. Throws when another one of its channel is under way, or it is above what is vouched for. */
  prepare(settlement: Omit<Settlement, 'state' | 'reason' | 'at' | 'since'>): Settlement;
  /** Its next state. Throws when it has ended. */
  enter(
    id: string,
    state: SettlementState,
    change: { signature?: string | null; reason?: string | null },
  ): void;
  /** The payment has happened, by this transaction. */
  paid(
    settlement: Settlement,
    proof: { signature: string; slot: number; feeLamports: bigint; amountAtomic: bigint },
  ): void;
  outstanding(): Settlement[];
  outstandingOf(channel: string): Settlement | null;
  /** The channel's last ended one. */
  lastOf(channel: string): Settlement | null;
  /** Newest first, at most `most`. */
  list(channels: readonly string[], most: number): Settlement[];
  transaction<T>(work: () => T): T;
}

const open = `state NOT IN ('finalized', 'expired', 'failed')`;

export function openSettlementBook(database: Database, now: () => number): SettlementBook {
  const all = (sql: string, ...values: unknown[]) =>
    (database.prepare(sql).all(...values) as Record<string, unknown>[]).map(settlementIn);
  const enter = (
    id: string,
    state: SettlementState,
    { signature = null, reason = null }: Parameters<SettlementBook['enter']>[2],
    at = now(),
  ): void => {
    database
      .prepare(
        `INSERT INTO settlement_states SELECT ?, 1 + COALESCE(MAX(number), 0), ?, ?, ?, ? FROM settlement_states
         WHERE settlement_id = ?`,
      )
      .run(id, at, state, signature, reason, id);
  };
  const transaction = <T>(work: () => T): T => database.transaction(work).immediate();

  return {
    transaction,
    enter,
    prepare(one) {
      const at = now();
      transaction(() => {
        database
          .prepare('INSERT INTO settlements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
          .run(
            one.id,
            one.channel,
            at,
            one.mode,
            one.fromAtomic,
            one.cumulativeAtomic,
            one.blockhash,
            one.lastValidBlockHeight,
            one.slot,
            one.feeLamports,
            one.transaction,
          );
        enter(one.id, 'prepared', { signature: one.signature }, at);
      });
      return { ...one, state: 'prepared', reason: null, at, since: at };
    },
    paid(one, { signature, slot, feeLamports, amountAtomic }) {
      transaction(() => {
        enter(one.id, 'finalized', { signature });
        database
          .prepare('INSERT INTO payouts VALUES (?, ?, ?, ?, ?, ?)')
          .run(one.id, now(), signature, slot, feeLamports, amountAtomic);
      });
    },
    outstanding: () => all(`SELECT * FROM settlement_now WHERE ${open} ORDER BY place`),
    outstandingOf: (channel) =>
      all(`SELECT * FROM settlement_now WHERE channel = ? AND ${open}`, channel)[0] ?? null,
    lastOf: (channel) =>
      all(`SELECT * FROM settlement_now WHERE channel = ? ORDER BY place DESC LIMIT 1`, channel)[0] ?? null,
    list: (channels, most) =>
      all(
        `SELECT * FROM settlement_now WHERE channel IN (SELECT value FROM json_each(?)) ORDER BY place DESC LIMIT ?`,
        JSON.stringify(channels),
        most,
      ),
  };
}

function settlementIn(found: Record<string, unknown>): Settlement {
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    id: String(found.id),
    channel: String(found.channel),
    mode: found.mode === 'claim' ? 'claim' : 'gateway',
    fromAtomic: BigInt(String(found.from_cumulative)),
    cumulativeAtomic: BigInt(String(found.cumulative)),
    blockhash: String(found.blockhash),
    lastValidBlockHeight: Number(found.last_valid_block_height),
    slot: Number(found.slot),
    feeLamports: BigInt(String(found.fee_lamports)),
    transaction: new Uint8Array(found.transaction_bytes as Buffer),
    state: String(found.state) as SettlementState,
    signature: text(found.signature),
    reason: text(found.reason),
    at: Number(found.state_at),
    since: Number(found.at),
  };
}

export const amountOf = ({ cumulativeAtomic, fromAtomic }: Settlement): bigint =>
  cumulativeAtomic - fromAtomic;

/** A payment as `GET /nodes/{id}/settlements` tells it. */
export const settlementOnWire = (one: Settlement): WireSettlement => ({
  id: one.id,
  channel: one.channel,
  mode: one.mode,
  from_atomic: `${one.fromAtomic}`,
  cumulative_atomic: `${one.cumulativeAtomic}`,
  amount_atomic: `${amountOf(one)}`,
  state: one.state,
  signature: one.signature,
  last_valid_block_height: one.lastValidBlockHeight,
  reason: one.reason,
  at: Math.floor(one.at / 1000),
});
