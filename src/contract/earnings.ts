import { z } from 'zod';
import { unitShape } from './assets.ts';
import { lamportsSchema, priceLamportsSchema } from './money.ts';
import { instantSchema } from './node-status.ts';
import { paymentSchema } from './wallet.ts';
import { signedReceiptSchema } from './wire/receipt.ts';
import { signedVoucherSchema } from './wire/voucher.ts';

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

/** What an entry was earned with: a request to a model of this computer, a training round, a request that a provider answered. */
export const entryTypeSchema = z.enum(['inference', 'training', 'proxy']);
export type EntryType = z.infer<typeof entryTypeSchema>;

/** A ledger entry of one job. */
export const entrySchema = z.object({
  id: z.int(),
  at: instantSchema,
  type: entryTypeSchema,
  requestId: z.string(),
  model: z.string(),
  payer: z.string(),
  gatewayUrl: z.string(),
  network: z.string(),
  /** What the amounts are of; they are called lamports whatever they are. */
  ...unitShape,
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

export const entryDetailSchema = entrySchema.extend({
  receipt: signedReceiptSchema.nullable(),
  /** Its place in its gateway's channel: the channel's sum with it. Null before the gateway has accepted it, or without vouchers. */
  position: z.object({ channel: z.string(), cumulativeAtomic: priceLamportsSchema }).nullable(),
  /** The first voucher that covers it, and what that says. */
  voucher: z
    .object({ signed: signedVoucherSchema, at: instantSchema, cumulativeAtomic: priceLamportsSchema })
    .nullable(),
  /** The payment that brought it. */
  payment: paymentSchema.nullable(),
});
export type EntryDetail = z.infer<typeof entryDetailSchema>;

const moment = z.int().min(0).max(8_640_000_000_000_000);

/** Which entries are wanted; absent parts let all through. Instants are taken to the quarter of an hour. */
export const entryFilterSchema = z.strictObject({
  state: entryStateSchema.optional(),
  type: entryTypeSchema.optional(),
  model: z.string().max(256).optional(),
  gatewayUrl: z.string().max(500).optional(),
  /** Booked at or after `from` and before `until`. */
  from: moment.optional(),
  until: moment.optional(),
  /** How the request's id begins. */
  requestId: z.string().min(3).max(128).optional(),
});
export type EntryFilter = z.infer<typeof entryFilterSchema>;

/** A page of entries, newest first. */
export const entryPageSchema = z.object({
  entries: z.array(entrySchema),
  /** How many the filter lets through. */
  total: z.int(),
  /** How many newer ones it lets through before the first of the page; null where the page was asked for by an id. */
  firstRow: z.int().nullable(),
  /** More begin like this than were looked at: `total` and the page leave some out. */
  isCut: z.boolean(),
});
export type EntryPage = z.infer<typeof entryPageSchema>;

export const periodSchema = z.enum(['today', '7', '30', 'all']);
export type Period = z.infer<typeof periodSchema>;
export const breakdownKeySchema = z.enum(['model', 'gateway', 'type']);
export type BreakdownKey = z.infer<typeof breakdownKeySchema>;

/** What one model, gateway or type brought on one network in one asset. */
export const breakdownRowSchema = z.object({
  key: z.string(),
  network: z.string(),
  ...unitShape,
  jobs: z.int(),
  grossLamports: lamportsSchema,
  feeLamports: lamportsSchema,
  netLamports: lamportsSchema,
  /** Of the net, what providers' answers cost. */
  costLamports: lamportsSchema,
});
export type BreakdownRow = z.infer<typeof breakdownRowSchema>;

/** A month of a year on one network in one asset; `month` is 1–12. */
export const yearlyRowSchema = z.object({
  month: z.int().min(1).max(12),
  network: z.string(),
  ...unitShape,
  jobs: z.int(),
  grossLamports: lamportsSchema,
  feeLamports: lamportsSchema,
  netLamports: lamportsSchema,
  costLamports: lamportsSchema,
  disputedLamports: lamportsSchema,
  /** What finalized payments brought within the month, whenever it was earned. */
  paidAtomic: lamportsSchema,
});
export type YearlyRow = z.infer<typeof yearlyRowSchema>;

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

/** Sums in one asset of one network by local calendar day; those of `byState` add up to `all.net`. */
export const earningsSummarySchema = z.object({
  /** What the present gateway pays with, and where; while it is away, what work for it was booked in last. */
  network: z.string(),
  ...unitShape,
  /** What was earned on other networks and in other assets, in all. */
  others: z.array(z.object({ network: z.string(), ...unitShape, netLamports: lamportsSchema })),
  today: totalsSchema,
  last7Days: totalsSchema,
  last30Days: totalsSchema,
  all: totalsSchema,
  byState: z.record(entryStateSchema, lamportsSchema),
  /** Next 24 h from the average of the last 15 minutes; null during the first 5 minutes of work. */
  forecastLamports: lamportsSchema.nullable(),
  /** When the forecast will first be known, while it is not. */
  forecastAt: instantSchema.nullable(),
  /** What the gateway says it owes in all, as of `at`, and what the books here have of it: agreed, and not answered yet; null where it does not say. */
  gatewayOwes: z
    .object({
      lamports: lamportsSchema,
      at: instantSchema,
      agreedLamports: lamportsSchema,
      waitingLamports: lamportsSchema,
    })
    .nullable(),
});
export type EarningsSummary = z.infer<typeof earningsSummarySchema>;

export const seriesPointSchema = z.object({
  at: instantSchema,
  netLamports: lamportsSchema,
  jobs: z.int(),
  /** The parts of `netLamports`. */
  byType: z.record(entryTypeSchema, lamportsSchema),
});
export type SeriesPoint = z.infer<typeof seriesPointSchema>;
