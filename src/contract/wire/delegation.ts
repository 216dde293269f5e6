import { z } from 'zod';
import { publicKeySchema, signatureSchema } from './voucher.ts';

/** How long a wallet's word for a node's key holds. */
export const delegationDays = 30;
/** All that a delegated key may do; never the payout address, never money. */
export const delegationScope = 'urn:solanalm:scope:register,health,receipt';
export const nodeKeyResource = (key: string) => `urn:solanalm:node-key:${key}`;
export const nodeIdResource = (id: string) => `urn:solanalm:node-id:${id}`;

/** A wallet's Sign In With Solana by which a node's key may act; sent with the registration. */
export const delegationSchema = z.strictObject({
  address: publicKeySchema,
  /** base64 of the text that was signed. */
  signed_message: z.string().max(8192),
  signature: signatureSchema,
});
export type Delegation = z.infer<typeof delegationSchema>;

/** The fields of a Sign In With Solana message (Phantom's specification; its text is that of EIP-4361). */
export const signInSchema = z.object({
  domain: z.string().min(1).max(255),
  address: publicKeySchema,
  statement: z.string().max(1000).optional(),
  uri: z.string().max(2048).optional(),
  version: z.string().optional(),
  chainId: z.string().optional(),
  nonce: z
    .string()
    .regex(/^[A-Za-z0-9]{8,}$/)
    .optional(),
  issuedAt: z.string().optional(),
  expirationTime: z.string().optional(),
  notBefore: z.string().optional(),
  requestId: z.string().optional(),
  resources: z.array(z.string().max(2048)).max(20).optional(),
});
export type SignIn = z.infer<typeof signInSchema>;
