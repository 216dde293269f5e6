import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { canonicalJson } from '../canonical-json.ts';
import { shareBytes } from './secret-sharing.ts';

const nonceBytes = 12;
const tagBytes = 16;

export interface PairOfShares {
  maskKey: Uint8Array;
  seed: Uint8Array;
}

/** What a sealed pair of shares is bound to. */
export interface SealBinding {
  context: string;
  from: string;
  to: string;
  mask_key_share_sha256: string;
  seed_share_sha256: string;
}

const associated = (binding: SealBinding) =>
  Buffer.from(`solanalm-secagg-v1 sealed shares\n${canonicalJson(binding)}`);

/** AES-256-GCM with a random nonce, as base64 of nonce, ciphertext and tag. */
export function sealShares(key: Uint8Array, shares: PairOfShares, binding: SealBinding): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(associated(binding));
  const plain = Buffer.concat([shares.maskKey, shares.seed]);
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  plain.fill(0);
  return sealed.toString('base64');
}

/** Null when the key, the binding or a byte is another one. */
export function openShares(key: Uint8Array, sealed: string, binding: SealBinding): PairOfShares | null {
  const bytes = Buffer.from(sealed, 'base64');
  const end = bytes.length - tagBytes;
  if (end - nonceBytes !== 2 * shareBytes) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(associated(binding));
  decipher.setAuthTag(bytes.subarray(end));
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, end)), decipher.final()]);
    const shares = {
      maskKey: new Uint8Array(plain.subarray(0, shareBytes)),
      seed: new Uint8Array(plain.subarray(shareBytes)),
    };
    plain.fill(0);
    return shares;
  } catch {
    return null;
  }
}
