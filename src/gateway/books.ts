import type { Database } from 'better-sqlite3';
import { moneyIn, moneyKey } from '#contract/assets.ts';
import { inferenceFeeOf, type Pricing, priceOf } from '#contract/money.ts';
import { type Network, networkSchema } from '#contract/wire/network.ts';
import type { NodeAccount, ReceiptVerdict, SignedReceipt } from '#contract/wire/receipt.ts';

/** A dispatched job as the gateway saw it. */
export interface RelayedJob {
  requestId: string;
  nodeId: string;
  payer: string;
  model: string;
  inputSha256: string;
  outputSha256: string;
  promptTokens: number;
  generatedTokens: number;
  pricing: Pricing;
  /** What the request offered above the price. */
  tipLamports: bigint;
  /** The node said that the answer came from its cache. */
  isCacheHit: boolean;
  /** Of a proxied answer: who gave it, and its price by the node's quote. */
  proxied: { target: string; priceLamports: bigint; feeLamports: bigint } | null;
  /** Of a training round: its reward, which no pricing gives. */
  training: { priceLamports: bigint; feeLamports: bigint } | null;
  state: 'done' | 'cancelled';
}

/** A job that was taken down, with what is owed for it, in the smallest unit of what. */
export type BookedJob = RelayedJob & {
  owedLamports: bigint;
  feeLamports: bigint;
  priceLamports: bigint;
  network: Network;
  /** `SOL`, or a token's mint. */
  asset: string;
};

export interface Books {
  /** Takes down what was relayed; the job is now owed. */
  record(job: RelayedJob): void;
  /** Null when no such job was relayed. */
  job(requestId: string): BookedJob | null;
  /** The receipt that was kept for a node's job, with its verdict. */
  answered(nodeId: string, requestId: string): { signed: SignedReceipt; verdict: ReceiptVerdict } | null;
  isSeqUsed(nodeKey: string, seq: number): boolean;
  recordVerdict(nodeId: string, signed: SignedReceipt, verdict: ReceiptVerdict): void;
  /** The key that a node id belongs to, for good; null when none has claimed it. */
  ownerOf(nodeId: string): string | null;
  claim(nodeId: string, nodeKey: string): void;
  spentBy(payer: string): bigint;
  usageOf(payer: string, sinceMs: number): { requests: number; tokens: number; lamports: bigint };
  account(nodeId: string): NodeAccount;
}

export const bookTables = `CREATE TABLE node_owners (node_id TEXT PRIMARY KEY, node_key TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
   CREATE TABLE jobs (
     request_id TEXT PRIMARY KEY, at INTEGER NOT NULL, node_id TEXT NOT NULL, payer TEXT NOT NULL, model TEXT NOT NULL,
     input_sha256 TEXT NOT NULL, output_sha256 TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
     generated_tokens INTEGER NOT NULL, per_request_lamports INTEGER NOT NULL, per_million_tokens_lamports INTEGER NOT NULL,
     cache_hit_percent INTEGER NOT NULL, tip_lamports INTEGER NOT NULL, is_cache_hit INTEGER NOT NULL,
     price_lamports INTEGER NOT NULL, fee_lamports INTEGER NOT NULL, state TEXT NOT NULL
   ) STRICT;
   CREATE INDEX jobs_by_node ON jobs (node_id);
   CREATE INDEX jobs_by_payer ON jobs (payer, at);
   CREATE TABLE receipts (
     node_id TEXT NOT NULL, request_id TEXT NOT NULL, at INTEGER NOT NULL, node_key TEXT NOT NULL, seq INTEGER NOT NULL,
     signed TEXT NOT NULL, verdict TEXT NOT NULL, answer TEXT NOT NULL,
     PRIMARY KEY (node_id, request_id), UNIQUE (node_key, seq)
   ) STRICT;
   CREATE TRIGGER owners_stay BEFORE UPDATE ON node_owners BEGIN SELECT RAISE(ABORT, 'append-only'); END;
   CREATE TRIGGER owners_last BEFORE DELETE ON node_owners BEGIN SELECT RAISE(ABORT, 'append-only'); END;
   CREATE TRIGGER jobs_stay BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'append-only'); END;
   CREATE TRIGGER jobs_last BEFORE DELETE ON jobs BEGIN SELECT RAISE(ABORT, 'append-only'); END;
   CREATE TRIGGER receipts_stay BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, 'append-only'); END;
   CREATE TRIGGER receipts_last BEFORE DELETE ON receipts BEGIN SELECT RAISE(ABORT, 'append-only'); END;`;
export const proxiedJobs = 'ALTER TABLE jobs ADD COLUMN proxied_target TEXT;';
export const trainingJobs = 'ALTER TABLE jobs ADD COLUMN is_training INTEGER NOT NULL DEFAULT 0;';

/** What the gateway relayed and owes, in SQLite; rows are only ever added. */
export function openBooks(
  database: Database,
  now: () => number = Date.now,
  network: Network = 'test-credits',
  asset = 'SOL',
): Books {
  const money = moneyKey(network, asset);
  const row = (sql: string, ...values: unknown[]) =>
    database.prepare(sql).get(...values) as Record<string, bigint | string> | undefined;
  const big = (value: unknown) => (typeof value === 'bigint' ? value : 0n);

  return {
    record(job) {
      const agreed = job.proxied ?? job.training;
      const price = agreed?.priceLamports ?? priceOf(job.pricing, job);
      database
        .prepare('INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
        .run(
          job.requestId,
          now(),
          job.nodeId,
          job.payer,
          job.model,
          job.inputSha256,
          job.outputSha256,
          job.promptTokens,
          job.generatedTokens,
          job.pricing.perRequestLamports,
          job.pricing.perMillionTokensLamports,
          job.pricing.cacheHitPercent,
          job.tipLamports,
          job.isCacheHit ? 1 : 0,
          price,
          agreed?.feeLamports ?? inferenceFeeOf(price),
          job.state,
          job.proxied?.target ?? null,
          job.training ? 1 : 0,
          money,
        );
    },
    job(requestId) {
      const found = row('SELECT * FROM jobs WHERE request_id = ?', requestId);
      if (!found) return null;
      const priceLamports = big(found.price_lamports);
      const feeLamports = big(found.fee_lamports);
      const { network: on, asset: of } = moneyIn(String(found.network));
      return {
        requestId,
        nodeId: String(found.node_id),
        payer: String(found.payer),
        model: String(found.model),
        inputSha256: String(found.input_sha256),
        outputSha256: String(found.output_sha256),
        promptTokens: Number(found.prompt_tokens),
        generatedTokens: Number(found.generated_tokens),
        pricing: {
          perRequestLamports: big(found.per_request_lamports),
          perMillionTokensLamports: big(found.per_million_tokens_lamports),
          cacheHitPercent: big(found.cache_hit_percent),
        },
        tipLamports: big(found.tip_lamports),
        isCacheHit: found.is_cache_hit === 1n,
        proxied:
          found.proxied_target == null
            ? null
            : { target: String(found.proxied_target), priceLamports, feeLamports },
        training: found.is_training === 1n ? { priceLamports, feeLamports } : null,
        state: found.state === 'done' ? 'done' : 'cancelled',
        priceLamports,
        feeLamports,
        owedLamports: priceLamports - feeLamports,
        network: networkSchema.parse(on),
        asset: of,
      };
    },
    answered(nodeId, requestId) {
      const found = row(
        'SELECT signed, answer FROM receipts WHERE node_id = ? AND request_id = ?',
        nodeId,
        requestId,
      );
      if (!found) return null;
      return { signed: JSON.parse(String(found.signed)), verdict: JSON.parse(String(found.answer)) };
    },
    isSeqUsed: (nodeKey, seq) =>
      row('SELECT 1 AS used FROM receipts WHERE node_key = ? AND seq = ?', nodeKey, seq) !== undefined,
    recordVerdict(nodeId, signed, verdict) {
      const { receipt } = signed;
      database
        .prepare('INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
        .run(
          nodeId,
          receipt.request_id,
          now(),
          receipt.node_key,
          receipt.seq,
          JSON.stringify(signed),
          verdict.verdict,
          JSON.stringify(verdict),
        );
    },
    ownerOf(nodeId) {
      const found = row('SELECT node_key FROM node_owners WHERE node_id = ?', nodeId);
      return found ? String(found.node_key) : null;
    },
    claim(nodeId, nodeKey) {
      database.prepare('INSERT OR IGNORE INTO node_owners VALUES (?, ?, ?)').run(nodeId, nodeKey, now());
    },
    spentBy: (payer) =>
      big(
        row('SELECT SUM(price_lamports) AS spent FROM jobs WHERE payer = ? AND network = ?', payer, money)
          ?.spent,
      ),
    usageOf(payer, sinceMs) {
      const found = row(
        `SELECT COUNT(*) AS requests, SUM(prompt_tokens + generated_tokens) AS tokens, SUM(price_lamports) AS lamports
         FROM jobs WHERE payer = ? AND at >= ? AND network = ?`,
        payer,
        sinceMs,
        money,
      );
      return {
        requests: Number(found?.requests ?? 0n),
        tokens: Number(found?.tokens ?? 0n),
        lamports: big(found?.lamports),
      };
    },
    account(nodeId) {
      const owed = row(
        'SELECT COUNT(*) AS jobs, SUM(price_lamports) AS price, SUM(fee_lamports) AS fee FROM jobs WHERE node_id = ? AND network = ?',
        nodeId,
        money,
      );
      const count = (verdict: string) =>
        Number(
          row('SELECT COUNT(*) AS n FROM receipts WHERE node_id = ? AND verdict = ?', nodeId, verdict)?.n ??
            0n,
        );
      return {
        node_id: nodeId,
        network,
        jobs: Number(owed?.jobs ?? 0n),
        receipts_accepted: count('accepted'),
        receipts_disputed: count('disputed'),
        owed_lamports: `${big(owed?.price) - big(owed?.fee)}`,
        fee_lamports: `${big(owed?.fee)}`,
      };
    },
  };
}
