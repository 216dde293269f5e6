import { AppError } from '../errors.ts';
import { decodeVoucher, encodeVoucher, type SignedVoucher } from '../wire/voucher.ts';
import { keyBytes } from './channel-id.ts';
import { type ByteSigner, exactBase64, verifyBytes } from './ed25519.ts';

/** A voucher's figures: its channel's id as base58, the sum in the asset's smallest unit, expiry in unix seconds. */
export interface VoucherTerms {
  channel: string;
  cumulativeAtomic: bigint;
  expiresAt: bigint;
}

/** A voucher as it travels. Throws `wallet/bad-voucher` for figures that do not fit. */
export function signVoucher(terms: VoucherTerms, signer: ByteSigner): SignedVoucher {
  const bytes = encodeVoucher({ ...terms, channel: keyBytes(terms.channel) });
  return {
    voucher: Buffer.from(bytes).toString('base64'),
    signer: signer.publicKey,
    signature: signer.signBytes(bytes),
  };
}

/** What a voucher says, once it is known to be `signer`'s word on `channel`. Throws `wallet/bad-voucher`. */
export function openVoucher(
  signed: SignedVoucher,
  expected: { signer: string; channel: string },
): VoucherTerms {
  const bytes = exactBase64(signed.voucher);
  if (!bytes) throw bad('The voucher is not base64 as it is usually written.');
  const { channel, cumulativeAtomic, expiresAt } = decodeVoucher(bytes);
  if (signed.signer !== expected.signer) throw bad(`The voucher is signed by ${signed.signer}.`);
  if (Buffer.compare(channel, keyBytes(expected.channel)) !== 0)
    throw bad('The voucher belongs to another channel.');
  if (!verifyBytes(bytes, signed.signature, signed.signer))
    throw bad('The signature does not fit the voucher.');
  return { channel: expected.channel, cumulativeAtomic, expiresAt };
}

const bad = (message: string) => new AppError('wallet/bad-voucher', message);
