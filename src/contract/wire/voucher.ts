import { z } from 'zod';
import { AppError } from '../errors.ts';
import { priceLamportsSchema } from '../money.ts';

/** base58 of 32 bytes. */
export const publicKeySchema = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/, 'a base58 public key');
/** base58 of an ed25519 signature. */
export const signatureSchema = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{64,90}$/, 'a base58 signature');
const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/, 'base64');

export const voucherBytes = 50;
const magic = 0x56;
const layoutVersion = 1;
const mostU64 = (1n << 64n) - 1n;

/** A cumulative voucher: all that its channel has earned until now, in the asset's smallest unit. */
export interface Voucher {
  /** 32 bytes. */
  channel: Uint8Array;
  cumulativeAtomic: bigint;
  /** Unix seconds. */
  expiresAt: bigint;
}

/**
 * The 50 bytes that are signed, as the on-chain payment-channels program has them: 0x56 0x01, channel (32), cumulative u64 LE,
 * expiry i64 LE. Throws `wallet/bad-voucher` for figures that do not fit.
 */
export function encodeVoucher({ channel, cumulativeAtomic, expiresAt }: Voucher): Uint8Array {
  if (channel.length !== 32) throw bad('A channel’s id has 32 bytes.');
  if (cumulativeAtomic < 0n || cumulativeAtomic > mostU64) throw bad('The amount does not fit 64 bits.');
  if (BigInt.asIntN(64, expiresAt) !== expiresAt) throw bad('The expiry does not fit 64 bits.');
  const bytes = new Uint8Array(voucherBytes);
  const view = new DataView(bytes.buffer);
  bytes[0] = magic;
  bytes[1] = layoutVersion;
  bytes.set(channel, 2);
  view.setBigUint64(34, cumulativeAtomic, true);
  view.setBigInt64(42, expiresAt, true);
  return bytes;
}

/** Inverse of encodeVoucher. Throws `wallet/bad-voucher`. */
export function decodeVoucher(bytes: Uint8Array): Voucher {
  if (bytes.length !== voucherBytes) throw bad(`A voucher has ${voucherBytes} bytes, not ${bytes.length}.`);
  if (bytes[0] !== magic || bytes[1] !== layoutVersion) throw bad('This is no voucher of a known layout.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    channel: bytes.slice(2, 34),
    cumulativeAtomic: view.getBigUint64(34, true),
    expiresAt: view.getBigInt64(42, true),
  };
}

const bad = (message: string) => new AppError('wallet/bad-voucher', message);

/** The mint that stands for native SOL in a channel's id. */
export const nativeMint = '11111111111111111111111111111111';

/**
 * What a channel's id is the sha256 of, where no channel account exists on the chain: the tag, the gateway's key, the payout wallet,
 * the mint (32 bytes each) and the epoch (u64 LE). Such a channel is credit, not escrow.
 */
export function channelPreimage(parts: {
  gatewayKey: Uint8Array;
  payoutWallet: Uint8Array;
  mint: Uint8Array;
  epoch: bigint;
}): Uint8Array {
  const tag = Uint8Array.from('solanalm-channel-v1', (letter) => letter.charCodeAt(0));
  const bytes = new Uint8Array(tag.length + 96 + 8);
  bytes.set(tag);
  bytes.set(parts.gatewayKey, tag.length);
  bytes.set(parts.payoutWallet, tag.length + 32);
  bytes.set(parts.mint, tag.length + 64);
  new DataView(bytes.buffer).setBigUint64(tag.length + 96, parts.epoch, true);
  return bytes;
}

/** A voucher on the wire. `voucher` is the base64 of the 50 bytes; the other fields repeat them for people. */
export const signedVoucherSchema = z.strictObject({
  voucher: base64.max(100),
  signer: publicKeySchema,
  signature: signatureSchema,
});
export type SignedVoucher = z.infer<typeof signedVoucherSchema>;

/** A channel between a gateway and a payout wallet, as `GET /nodes/{id}/channel` tells it. */
export const channelSchema = z.object({
  /** base58 of 32 bytes. */
  channel: publicKeySchema,
  payout: publicKeySchema,
  mint: publicKeySchema,
  epoch: z.int().min(0),
  /** Accepted receipts' sum after fees, the last voucher's cumulative, and what finalized settlements have paid. */
  accepted_atomic: priceLamportsSchema,
  vouchered_atomic: priceLamportsSchema,
  settled_atomic: priceLamportsSchema,
  /** The latest voucher; null before the first. */
  latest: signedVoucherSchema.nullable(),
});
export type Channel = z.infer<typeof channelSchema>;
