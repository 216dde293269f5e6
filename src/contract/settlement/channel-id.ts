import { hash } from 'node:crypto';
import bs58 from 'bs58';
import { AppError } from '../errors.ts';
import { channelPreimage } from '../wire/voucher.ts';

/** Id of a gateway's channel with a payout wallet. All keys as base58; throws `wallet/invalid-address` when one has not 32 bytes. */
export function channelId(parts: {
  gatewayKey: string;
  payoutWallet: string;
  mint: string;
  epoch: bigint;
}): string {
  const preimage = channelPreimage({
    gatewayKey: keyBytes(parts.gatewayKey),
    payoutWallet: keyBytes(parts.payoutWallet),
    mint: keyBytes(parts.mint),
    epoch: parts.epoch,
  });
  return bs58.encode(hash('sha256', preimage, 'buffer'));
}

/** 32 bytes of a base58 key. Throws `wallet/invalid-address`. */
export function keyBytes(key: string): Uint8Array {
  const bytes = bs58.decodeUnsafe(key);
  if (bytes?.length !== 32) throw new AppError('wallet/invalid-address', `“${key}” is not 32 bytes.`);
  return bytes;
}
