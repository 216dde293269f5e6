import { existsSync } from 'node:fs';
import { z } from 'zod';
import { delegationSchema } from '#contract/wire/delegation.ts';
import { payoutChangesSchema } from '#contract/wire/payout-change.ts';
import { createSignal, type Signal } from '../signal.ts';
import { readWhole, storeDocument } from '../stored-document.ts';

const storedSchema = z.strictObject({
  /** Whose signature another payout address needs; it stays when the delegation is taken back or runs out. */
  boundTo: z.string().nullable(),
  /** The address that it agreed to have paid instead of its own, and that has not signed in itself. */
  agreedTo: z.string().nullable().default(null),
  delegation: z
    .strictObject({
      signed: delegationSchema,
      /** Unix ms. */
      issuedAt: z.number(),
      expiresAt: z.number(),
      /** The gateway's origin that it is for. */
      gateway: z.string(),
    })
    .nullable(),
  /** Origin of the gateway that has not heard yet that the delegation was taken back. */
  endDue: z.string().nullable().default(null),
  payoutChanges: payoutChangesSchema.default([]),
});
export type StoredWallet = z.infer<typeof storedSchema>;

export interface WalletStore {
  current: Signal<StoredWallet>;
  /** Written whole before it holds. Throws `disk/full`. */
  set(next: StoredWallet): void;
}

/**
 * What the operator's wallet has said, in a file that only this user reads. One that cannot be read is not passed over: it throws
 * `profile/unreadable`.
 */
export function openWalletStore(file: string): WalletStore {
  const stored = existsSync(file)
    ? readWhole(file, (text) => storedSchema.parse(JSON.parse(text)))
    : { boundTo: null, agreedTo: null, delegation: null, endDue: null, payoutChanges: [] };
  const current = createSignal<StoredWallet>(stored);
  return { current, set: (next) => current.set(storeDocument(file, storedSchema, next)) };
}
