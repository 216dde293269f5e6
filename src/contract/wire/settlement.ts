import { z } from 'zod';
import { lamportsSchema, priceLamportsSchema } from '../money.ts';
import { clusterSchema } from './network.ts';
import { publicKeySchema, signatureSchema } from './voucher.ts';

/** What a gateway with the extension `settlement` says of itself in `GET /`. */
export const settlementTermsSchema = z.object({
  cluster: clusterSchema,
  genesis_hash: z.string().min(32).max(64),
  /** Who pays. */
  treasury: publicKeySchema,
  /** What is paid with: `nativeMint` for SOL, else an SPL token. */
  mint: publicKeySchema,
  decimals: z.int().min(0).max(18),
  /** Nothing is settled below it. */
  threshold_atomic: priceLamportsSchema,
  /** `gateway`: it pays by itself; `claim`: the operator asks, signs and pays the network's fee. */
  modes: z.array(z.enum(['gateway', 'claim'])).min(1),
  /** Seconds in which a voucher is settled; its expiry must lie beyond. */
  settle_window_seconds: z.int().min(1),
});
export type SettlementTerms = z.infer<typeof settlementTermsSchema>;

/** `solanalm:settle:v1:<channel>:<cumulative>`: the memo of the one transaction that pays a channel up to a cumulative amount. */
export const settlementMemo = (channel: string, cumulativeAtomic: bigint): string =>
  `solanalm:settle:v1:${channel}:${cumulativeAtomic}`;

export const settlementStateSchema = z.enum([
  'prepared',
  'submitted',
  'confirmed',
  'finalized',
  'expired',
  'failed',
]);

/** One payment of a channel, as the gateway has it (`GET /nodes/{id}/settlements`, newest first). */
export const settlementSchema = z.object({
  id: z.string().min(1).max(64),
  channel: publicKeySchema,
  mode: z.enum(['gateway', 'claim']),
  /** What was settled before, and after it; the difference is paid. */
  from_atomic: priceLamportsSchema,
  cumulative_atomic: priceLamportsSchema,
  amount_atomic: priceLamportsSchema,
  state: settlementStateSchema,
  /** Known once it is signed by its fee payer. */
  signature: signatureSchema.nullable(),
  last_valid_block_height: z.int().min(0),
  /** Why it failed. */
  reason: z.string().nullable(),
  /** Unix seconds. */
  at: z.int().min(0),
});
export type WireSettlement = z.infer<typeof settlementSchema>;
export const settlementListSchema = z.object({ settlements: z.array(settlementSchema).max(500) });

/** `POST /nodes/{id}/claim`, signed by the node: its answer is signed by the treasury and waits for the wallet's signature. */
export const claimAnswerSchema = z.object({
  settlement: settlementSchema,
  /** base64 of a versioned transaction. */
  transaction: z.string().max(2000),
  fee_lamports: lamportsSchema,
});
export type ClaimAnswer = z.infer<typeof claimAnswerSchema>;
