import { z } from 'zod';
import { unitShape } from './assets.ts';
import { lamportsSchema, priceLamportsSchema } from './money.ts';
import { instantSchema } from './node-status.ts';
import { errorBodySchema } from './result.ts';
import { delegationSchema } from './wire/delegation.ts';
import { clusterSchema } from './wire/network.ts';
import { publicKeySchema, signatureSchema } from './wire/voucher.ts';

/** What an address looks like, as far as can be told. */
export const addressKindSchema = z.enum([
  'wallet',
  'program-address',
  'token-account',
  'program',
  'exchange-deposit',
  'new',
]);

/** What speaks against being paid at an address; each has its words in the locale under `wallet.warning`. */
export const addressWarningSchema = z.enum([
  /** Off the curve: no wallet's key signs for it. */
  'program-address',
  'token-account',
  'program',
  /** Looks like an exchange's: it may not credit what comes without its own order. */
  'exchange-deposit',
  /** Nothing has ever been paid there. */
  'new',
]);

export type AddressWarning = z.infer<typeof addressWarningSchema>;

/** What is paid there nobody gets: such an address is refused. With the other warnings the operator decides. */
export const isUnpayable = (warning: AddressWarning | null): boolean =>
  warning === 'token-account' || warning === 'program';

export const addressCheckSchema = z.object({
  address: z.string(),
  /** False for a program's address, which no wallet signs for. */
  onCurve: z.boolean(),
  kind: addressKindSchema,
  warning: addressWarningSchema.nullable(),
});
export type AddressCheck = z.infer<typeof addressCheckSchema>;

/** What the node knows of the wallet that is paid. */
export const walletStatusSchema = z.object({
  payoutAddress: z.string().nullable(),
  /** The wallet's word for this node's key; null while only an address is known (view-only). */
  delegation: z
    .object({
      address: z.string(),
      issuedAt: instantSchema,
      expiresAt: instantSchema,
      gateway: z.string(),
      /** Less than five days are left. */
      isRenewalDue: z.boolean(),
      isExpired: z.boolean(),
    })
    .nullable(),
  /** Whose signature another payout address needs; it stays when the wallet's word is taken back or runs out. */
  boundTo: z.string().nullable().optional(),
  /** Null with test credits: no chain is spoken to. */
  chain: z
    .object({
      cluster: clusterSchema,
      /** The first endpoint that answers, without what follows its host. */
      endpoint: z.string(),
      /** The endpoint's genesis hash is that of the cluster. */
      isRightCluster: z.boolean(),
      problem: errorBodySchema.nullable(),
    })
    .nullable(),
  /** Why the gateway is not given the receipts that wait; null while it is. */
  receiptProblem: errorBodySchema.nullable().optional(),
  balances: z
    .object({
      lamports: lamportsSchema,
      /** Of the token that the gateway pays with, else of USDC; null where there is neither. */
      token: z.object({ ...unitShape, amountAtomic: lamportsSchema }).nullable(),
      at: instantSchema,
    })
    .nullable(),
});
export type WalletStatus = z.infer<typeof walletStatusSchema>;

/** What the wallet is asked to sign in with; `domain` is filled in by the page that asks. */
export const signInRequestSchema = z.object({
  statement: z.string(),
  uri: z.string(),
  version: z.string(),
  chainId: z.string().optional(),
  nonce: z.string(),
  issuedAt: z.string(),
  expirationTime: z.string(),
  resources: z.array(z.string()),
});
export type SignInRequest = z.infer<typeof signInRequestSchema>;

/** A transaction in words, before anybody signs it. */
export const claimSummarySchema = z.object({
  id: z.string(),
  cluster: clusterSchema,
  amountAtomic: priceLamportsSchema,
  ...unitShape,
  feeLamports: lamportsSchema,
  from: z.string(),
  to: z.string(),
  memo: z.string(),
  /** Its try-out on the chain; an error in words where it would fail. */
  simulation: z.object({ ok: z.boolean(), problem: z.string().nullable() }),
  /** Signed by the gateway, base64; the wallet's signature is missing. */
  transaction: z.string(),
  /** After this instant, about, it cannot be sent any more. */
  expiresAt: instantSchema,
});
export type ClaimSummary = z.infer<typeof claimSummarySchema>;

/** A payment from a gateway, as the node has found it. */
export const paymentSchema = z.object({
  id: z.string(),
  at: instantSchema,
  gatewayUrl: z.string(),
  mode: z.enum(['gateway', 'claim', 'unattributed']),
  amountAtomic: priceLamportsSchema,
  ...unitShape,
  cluster: clusterSchema,
  state: z.enum(['submitted', 'confirmed', 'finalized', 'expired', 'failed', 'disputed']),
  signature: z.string().nullable(),
  /** What is wrong with it. */
  reason: z.string().nullable(),
});
export type Payment = z.infer<typeof paymentSchema>;

/** Limits of credit: of a payer's work without a voucher, without payment, and of all work of its gateway without payment. */
export const creditLimitSchema = z.enum(['unvouchered', 'unsettled', 'gateway']);
export type CreditLimit = z.infer<typeof creditLimitSchema>;

/** Somebody whose requests are served on credit. */
export const payerSchema = z.object({
  payer: z.string(),
  gatewayUrl: z.string(),
  network: z.string(),
  ...unitShape,
  earnedLamports: priceLamportsSchema,
  unvoucheredLamports: priceLamportsSchema,
  unsettledLamports: priceLamportsSchema,
  /** Of both: disputed work, which counts until the operator writes it off; and what was written off, which counts no more. */
  disputedLamports: priceLamportsSchema,
  writtenOffLamports: priceLamportsSchema,
  lastPaidAt: instantSchema.nullable(),
  /** The limit that it has reached, so that it is not served until it pays; null while it is. */
  limitReached: creditLimitSchema.nullable(),
  isBlocked: z.boolean(),
});
export type Payer = z.infer<typeof payerSchema>;

/** Where all that was earned in one asset stands; `difference` is 0 when they add up: gross = fees + unvouchered + vouchered + settled + disputed + unattributed. */
export const moneySumsSchema = z.object({
  ...unitShape,
  grossLamports: lamportsSchema,
  feeLamports: lamportsSchema,
  unvoucheredLamports: lamportsSchema,
  voucheredLamports: lamportsSchema,
  submittedLamports: lamportsSchema,
  settledLamports: lamportsSchema,
  disputedLamports: lamportsSchema,
  unattributedLamports: lamportsSchema,
  differenceLamports: lamportsSchema,
});
export type MoneySums = z.infer<typeof moneySumsSchema>;

/** Where the wallet is that the desktop app asks: in the system's browser, or on a phone that the relay reaches. */
export const walletWaySchema = z.enum(['browser', 'phone']);
export type WalletWay = z.infer<typeof walletWaySchema>;

/** What the wallet is asked; `summary` says it in words on the page. */
export const walletQuestionSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('connect'), summary: z.string().max(2000) }),
  z.strictObject({ op: z.literal('signIn'), summary: z.string().max(2000), request: signInRequestSchema }),
  z.strictObject({
    op: z.literal('signMessage'),
    summary: z.string().max(2000),
    address: z.string().max(64),
    /** base64. */
    message: z.string().max(16_384),
  }),
  z.strictObject({
    op: z.literal('signTransaction'),
    summary: z.string().max(2000),
    address: z.string().max(64),
    cluster: clusterSchema,
    /** base64. */
    transaction: z.string().max(2000),
  }),
]);
export type WalletQuestion = z.infer<typeof walletQuestionSchema>;

export const walletAnswerSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('connect'), address: publicKeySchema }),
  z.strictObject({ op: z.literal('signIn'), delegation: delegationSchema }),
  z.strictObject({
    op: z.literal('signMessage'),
    address: publicKeySchema,
    signedMessage: z.string().max(16_384),
    signature: signatureSchema,
  }),
  z.strictObject({
    op: z.literal('signTransaction'),
    address: publicKeySchema,
    transaction: z.string().max(2000),
  }),
]);
export type WalletAnswer = z.infer<typeof walletAnswerSchema>;

/** What the wallet's page is told. */
export interface WalletPageQuestion {
  question: WalletQuestion;
  expiresAt: number;
}

/** What the wallet's page sends back. */
export const walletPageReplySchema = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), answer: walletAnswerSchema }),
  z.strictObject({
    ok: z.literal(false),
    code: z.enum(['wallet/rejected', 'wallet/wrong-account', 'wallet/not-found']),
    message: z.string().max(500),
  }),
]);
export type WalletPageReply = z.infer<typeof walletPageReplySchema>;
