import { z } from 'zod';
import { signatureSchema } from './voucher.ts';

/** A wallet's word that another address is paid instead of its own: the text of `payoutChangeText` and its signature under it. */
export const payoutChangeSchema = z.strictObject({
  message: z.string().max(1000),
  signature: signatureSchema,
});
export type PayoutChange = z.infer<typeof payoutChangeSchema>;

/** The latest of a node's, oldest first: a gateway may have missed some. */
export const mostPayoutChanges = 8;
export const payoutChangesSchema = z.array(payoutChangeSchema).max(mostPayoutChanges);
