import { z } from 'zod';
import { canonicalJson } from '../canonical-json.ts';
import { priceLamportsSchema } from '../money.ts';
import { networkSchema } from './network.ts';
import type { ToolCall } from './openai.ts';
import { publicKeySchema, signedVoucherSchema } from './voucher.ts';

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'a lower-case hex sha256');
const count = z.int().min(0);

/** Extension `receipts`: what a node signs after each job. */
export const receiptSchema = z.strictObject({
  v: z.literal(1),
  request_id: z.string().min(1).max(128),
  node_id: z.string().min(1).max(128),
  /** base58 ed25519 public key of the node. */
  node_key: z.string().min(32).max(44),
  /** base58 ed25519 public key of the gateway that dispatched the job. */
  gateway: z.string().min(32).max(44),
  payer: z.string().min(1).max(128),
  model: z.string().min(1).max(256),
  /** sha256 of the canonical JSON of the serving configuration. */
  config_sha256: sha256Hex,
  /** sha256 of the dispatched HTTP body's bytes. */
  input_sha256: sha256Hex,
  /** sha256 of `answerText`'s UTF-8 bytes. */
  output_sha256: sha256Hex,
  tokens_prompt: count,
  tokens_generated: count,
  /** Gross price in the asset's smallest unit (lamports for SOL), before the network's fee. */
  price_atomic: priceLamportsSchema,
  /** `SOL`, or the mint that the gateway settles with. */
  asset: z.union([z.literal('SOL'), publicKeySchema]),
  network: networkSchema,
  /** Present on an answer that came from the node's response cache; it costs no more than a new one. */
  cache: z.literal('hit').optional(),
  /** Strictly increasing for each node key. */
  seq: z.int().min(1),
  /** Unix seconds. */
  issued_at: z.int().min(0),
});
export type Receipt = z.infer<typeof receiptSchema>;

export const signedReceiptSchema = z.strictObject({
  receipt: receiptSchema,
  /** base58 ed25519 signature over receiptText(receipt). */
  signature: z.string().min(64).max(90),
});
export type SignedReceipt = z.infer<typeof signedReceiptSchema>;

/**
 * What a receipt's `output_sha256` stands for: the generated text; after it the calls, where the model made some, as canonical JSON of
 * `[{name, arguments}]`; several choices in order, with U+001E between them.
 */
export function answerText(choices: readonly { text: string; toolCalls?: ToolCall[] | undefined }[]): string {
  return choices
    .map(({ text, toolCalls = [] }) =>
      toolCalls.length === 0
        ? text
        : text + canonicalJson(toolCalls.map(({ name, arguments: args }) => ({ name, arguments: args }))),
    )
    .join('\u001e');
}

/** What `output_sha256` stands for where vectors were made: their JSON, as both sides read and write it. */
export const vectorsText = (vectors: readonly (readonly number[] | string)[]): string =>
  JSON.stringify(vectors);

export function receiptText(receipt: Receipt): string {
  return `solanalm-receipt-v1\n${canonicalJson(receipt)}`;
}

/** On a node's answer: `hit` where it came from the response cache and costs `cache_hit_percent` of the price. */
export const cacheHeader = 'x-solanalm-cache';

/** `POST /nodes/{id}/receipts`: any number of receipts, each answered for itself; sending twice is harmless. */
export const receiptBatchSchema = z.strictObject({ receipts: z.array(signedReceiptSchema).min(1).max(500) });

export const receiptVerdictSchema = z.object({
  request_id: z.string(),
  verdict: z.enum(['accepted', 'disputed']),
  /** What differs, for a disputed receipt. */
  reason: z.string().optional(),
  /** What the gateway owes the node for this job, after its fee. */
  owed_lamports: priceLamportsSchema,
  fee_lamports: priceLamportsSchema,
  /** Of an accepted receipt: its channel's sum with it; a voucher of at least so much covers it. */
  cumulative_atomic: priceLamportsSchema.optional(),
});
export type ReceiptVerdict = z.infer<typeof receiptVerdictSchema>;

export const receiptAnswerSchema = z.object({
  results: z.array(receiptVerdictSchema),
  /** Extension `vouchers`: covers all receipts accepted until now. */
  voucher: signedVoucherSchema.optional(),
});

/** `GET /nodes/{id}/account`: the gateway's own sums for a node, to be compared with the node's ledger. */
export const nodeAccountSchema = z.object({
  node_id: z.string(),
  network: receiptSchema.shape.network,
  jobs: count,
  receipts_accepted: count,
  receipts_disputed: count,
  owed_lamports: priceLamportsSchema,
  fee_lamports: priceLamportsSchema,
  /** Of what is owed: what vouchers cover, and what finalized payments have brought (extension `vouchers`). */
  vouchered_lamports: priceLamportsSchema.optional(),
  settled_lamports: priceLamportsSchema.optional(),
});
export type NodeAccount = z.infer<typeof nodeAccountSchema>;
