import type { Database } from 'better-sqlite3';
import { assetOf } from '#contract/assets.ts';
import type { Payment as ShownPayment } from '#contract/wallet.ts';
import type { Cluster } from '#contract/wire/network.ts';
import type { Clock } from '../clock.ts';
import type { TokenBook } from './token-book.ts';

export type PaymentState = ShownPayment['state'];

/** One transaction that pays this node. Amounts in the mint's smallest unit. */
export interface NewPayment {
  id: string;
  /** base58; the transaction's own. */
  signature: string;
  gatewayUrl: string;
  /** Null where it names no channel. */
  channelId: number | null;
  mode: ShownPayment['mode'];
  /** What the channel is paid up to with it; null where it says nothing of the kind. */
  cumulativeAtomic: bigint | null;
  amountAtomic: bigint;
  mint: string;
  cluster: Cluster;
  /** Signed by all; of one that this node sends. */
  bytes: Uint8Array | null;
  /** After this block it cannot land; null where that is not known. */
  lastValidBlockHeight: number | null;
}

export interface Payment extends NewPayment {
  state: PaymentState;
  reason: string | null;
  /** Unix ms of its first and its present state. */
  at: number;
  stateAt: number;
}

/** What the chain showed of a payment, in the mint's smallest unit; `cumulativeAtomic` null where it names no channel. */
export interface PaymentProof {
  receivedAtomic: bigint;
  cumulativeAtomic: bigint | null;
  slot: number;
}

/** A payout that waits for the wallet's signature; `message` is what it signs. */
export interface Claim {
  id: string;
  channelId: number;
  settledAtomic: bigint;
  cumulativeAtomic: bigint;
  feeLamports: bigint;
  message: Uint8Array;
  lastValidBlockHeight: number;
}

const ended = `state IN ('finalized', 'failed', 'disputed')`;

/** Payments in the ledger. Every change happens in the caller's transaction. */
export function openPaymentBook(database: Database, { clock }: { clock: Clock }) {
  const insert = database.prepare(
    `INSERT INTO payments VALUES (@id, @at, @signature, @gatewayUrl, @channelId, @mode, @cumulative, @amount, @mint, @cluster,
       @bytes, @lastValid) ON CONFLICT DO NOTHING`,
  );
  const insertState = database.prepare(
    `INSERT INTO payment_states SELECT @id, 1 + COALESCE(MAX(number), 0), @at, @state, @reason FROM payment_states
     WHERE payment_id = @id`,
  );
  const insertSettlement = database.prepare('INSERT INTO settlements VALUES (?, ?, ?, ?, ?, ?)');
  const insertClaim = database.prepare('INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const claimRow = database.prepare('SELECT * FROM claims WHERE id = ?');
  const byId = database.prepare('SELECT * FROM payment_now WHERE id = ?');
  const bySignature = database.prepare('SELECT * FROM payment_now WHERE signature = ?');
  const underWay = database.prepare(`SELECT * FROM payment_now WHERE NOT ${ended} ORDER BY at`);
  const newest = database.prepare('SELECT * FROM payment_now ORDER BY at DESC, place DESC LIMIT ?');
  const disputedOf = database.prepare(
    `SELECT COUNT(*) AS n FROM payment_now WHERE channel_id = ? AND state = 'disputed'`,
  );
  const cursorRow = database.prepare('SELECT signature FROM cursors WHERE address = ? AND genesis_hash = ?');
  const putCursor = database.prepare('INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)');
  const first = (row: unknown) => (row ? paymentIn(row as Row) : null);

  function enter(id: string, state: PaymentState, reason: string | null = null): boolean {
    const now = first(byId.get(id));
    if (!now || isEnded(now.state) || (now.state === state && now.reason === reason)) return false;
    insertState.run({ id, at: clock.now(), state, reason });
    return true;
  }

  return {
    enter,
    /** False where its transaction is known already. */
    add(payment: NewPayment, state: PaymentState, reason: string | null = null): boolean {
      const { cumulativeAtomic, amountAtomic, lastValidBlockHeight, bytes, ...rest } = payment;
      const { changes } = insert.run({
        ...rest,
        at: clock.now(),
        cumulative: cumulativeAtomic,
        amount: amountAtomic,
        lastValid: lastValidBlockHeight,
        bytes: bytes === null ? null : Buffer.from(bytes),
      });
      if (changes > 0) insertState.run({ id: payment.id, at: clock.now(), state, reason });
      return changes > 0;
    },
    /** Takes a payment down as final; `settle` then moves the channel's sums. False where it has ended already. */
    finalize(id: string, proof: PaymentProof): boolean {
      const payment = first(byId.get(id));
      if (!payment || !enter(id, 'finalized')) return false;
      const { channelId } = payment;
      const { cumulativeAtomic } = proof;
      if (channelId !== null && cumulativeAtomic !== null)
        insertSettlement.run(
          id,
          clock.now(),
          channelId,
          cumulativeAtomic,
          proof.receivedAtomic,
          BigInt(proof.slot),
        );
      return true;
    },
    addClaim(claim: Claim): void {
      const { id, channelId, settledAtomic, cumulativeAtomic, feeLamports, message } = claim;
      insertClaim.run(
        id,
        clock.now(),
        channelId,
        settledAtomic,
        cumulativeAtomic,
        feeLamports,
        Buffer.from(message),
        claim.lastValidBlockHeight,
      );
    },
    claim(id: string): Claim | null {
      const row = claimRow.get(id) as Row | undefined;
      if (!row) return null;
      return {
        id,
        channelId: Number(row.channel_id),
        settledAtomic: row.settled as bigint,
        cumulativeAtomic: row.cumulative as bigint,
        feeLamports: row.fee as bigint,
        message: new Uint8Array(row.message as Buffer),
        lastValidBlockHeight: Number(row.last_valid_block_height),
      };
    },
    payment: (id: string) => first(byId.get(id)),
    paymentBySignature: (signature: string) => first(bySignature.get(signature)),
    /** Those whose end is not known, oldest first; an expired one counts, since the chain has the last word. */
    underWay: (): Payment[] => (underWay.all() as Row[]).map(paymentIn),
    newest: (limit: number): Payment[] => (newest.all(limit) as Row[]).map(paymentIn),
    disputedCount: (channelId: number) => Number((disputedOf.get(channelId) as { n: bigint }).n),
    cursor: (address: string, genesisHash: string): string | null =>
      (cursorRow.get(address, genesisHash) as { signature: string } | undefined)?.signature ?? null,
    setCursor: (address: string, genesisHash: string, signature: string) =>
      void putCursor.run(address, genesisHash, signature),
  };
}

export const isEnded = (state: PaymentState) =>
  state === 'finalized' || state === 'failed' || state === 'disputed';

type Row = Record<string, unknown>;

function paymentIn(row: Row): Payment {
  return {
    id: String(row.id),
    at: Number(row.at),
    signature: String(row.signature),
    gatewayUrl: String(row.gateway_url),
    channelId: row.channel_id === null ? null : Number(row.channel_id),
    mode: row.mode as Payment['mode'],
    cumulativeAtomic: row.cumulative as bigint | null,
    amountAtomic: row.amount as bigint,
    mint: String(row.asset),
    cluster: row.cluster as Cluster,
    bytes: row.bytes === null ? null : new Uint8Array(row.bytes as Buffer),
    lastValidBlockHeight: row.last_valid_block_height === null ? null : Number(row.last_valid_block_height),
    state: row.state as PaymentState,
    reason: row.reason as string | null,
    stateAt: Number(row.state_at),
  };
}

/** As the contract has it. */
export const paymentText = (payment: Payment, tokens: Pick<TokenBook, 'unitOf'>): ShownPayment => ({
  id: payment.id,
  at: payment.at,
  gatewayUrl: payment.gatewayUrl,
  mode: payment.mode,
  amountAtomic: `${payment.amountAtomic}`,
  ...tokens.unitOf(assetOf(payment.mint)),
  cluster: payment.cluster,
  state: payment.state,
  signature: payment.signature,
  reason: payment.reason,
});
