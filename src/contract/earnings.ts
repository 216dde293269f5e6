import { z } from 'zod';
import { lamportsSchema, priceLamportsSchema } from './money.ts';
import { instantSchema } from './node-status.ts';
import { signedReceiptSchema } from './wire/receipt.ts';

/**
 * Where an entry stands: `earned` (receipt not answered yet), `agreed` (the gateway owes just this), `vouchered` (it has signed for
 * it), `settled` (paid, for good), `disputed` (it does not owe it, or its voucher was refused), `unattributed` (a plain gateway, which
 * pays without naming jobs).
 */
export const entryStateSchema = z.enum([
  'earned',
  'agreed',
  'vouchered',
  'settled',
  'disputed',
  'unattributed',
]);
export type EntryState = z.infer<typeof entryStateSchema>;

/** A ledger entry of one job. */
export const entrySchema = z.object({
  id: z.int(),
  at: instantSchema,
  requestId: z.string(),
  model: z.string(),
  payer: z.string(),
  gatewayUrl: z.string(),
  network: z.string(),
  promptTokens: z.int(),
  generatedTokens: z.int(),
  priceLamports: priceLamportsSchema,
  feeLamports: priceLamportsSchema,
  /** price − fee: what the node gets. */
  netLamports: priceLamportsSchema,
  state: entryStateSchema,
  /** Why the gateway disputes it, in its words. */
  disputeReason: z.string().nullable(),
  durationMs: z.number(),
  /** Of a proxied job: its provider and model, what it cost, and the commission in `price`. */
  proxied: z
    .object({
      target: z.string(),
      costMicroUsd: z.int(),
      costLamports: priceLamportsSchema,
      commissionLamports: priceLamportsSchema,
      isEstimate: z.boolean(),
    })
    .nullable(),
  /** Of a training round's reward: its `model` is the task. */
  training: z.object({ roundId: z.string(), taskName: z.string() }).nullable(),
});
export type Entry = z.infer<typeof entrySchema>;

export const entryDetailSchema = entrySchema.extend({ receipt: signedReceiptSchema.nullable() });
export type EntryDetail = z.infer<typeof entryDetailSchema>;

const totalsSchema = z.object({
  jobs: z.int(),
  tokens: z.int(),
  grossLamports: lamportsSchema,
  feeLamports: lamportsSchema,
  netLamports: lamportsSchema,
});
export type Totals = z.infer<typeof totalsSchema>;

/** What a provider cost, and what the jobs that it answered brought; the cache's answers are `cache`. */
export const providerTotalsSchema = z.object({
  provider: z.string(),
  answers: z.int(),
  costMicroUsd: z.int(),
  costLamports: lamportsSchema,
  commissionLamports: lamportsSchema,
  feeLamports: lamportsSchema,
  /** cost + commission − fee: the provider's bill is still to be paid of it. */
  netLamports: lamportsSchema,
});
export type ProviderTotals = z.infer<typeof providerTotalsSchema>;

/** Sums by local calendar day. What is in `byState` adds up to `all.net`. */
export const earningsSummarySchema = z.object({
  today: totalsSchema,
  last7Days: totalsSchema,
  last30Days: totalsSchema,
  all: totalsSchema,
  byState: z.record(entryStateSchema, lamportsSchema),
  /** Next 24 h from the average of the last 15 minutes; null during the first 5 minutes of work. */
  forecastLamports: lamportsSchema.nullable(),
  /** When the forecast will first be known, while it is not. */
  forecastAt: instantSchema.nullable(),
  /** What the gateway says it owes, as of `at`; null where it does not say. */
  gatewayOwes: z.object({ lamports: lamportsSchema, at: instantSchema }).nullable(),
});
export type EarningsSummary = z.infer<typeof earningsSummarySchema>;

export const seriesPointSchema = z.object({ at: instantSchema, netLamports: lamportsSchema, jobs: z.int() });
export type SeriesPoint = z.infer<typeof seriesPointSchema>;
