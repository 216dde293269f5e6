import { createPublicKey, verify } from 'node:crypto';
import bs58 from 'bs58';

/** Who signs vouchers: its public key and its signatures as base58. */
export interface ByteSigner {
  publicKey: string;
  signBytes(bytes: Uint8Array): string;
}

/** Ed25519 (RFC 8032) over bytes; key and signature as base58. False for anything that is none. */
export function verifyBytes(bytes: Uint8Array, signature: string, publicKey: string): boolean {
  try {
    const x = Buffer.from(bs58.decode(publicKey)).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, bytes, key, bs58.decode(signature));
  } catch {
    return false;
  }
}

/** Bytes of the one spelling that base64 has for them; null for any other text. */
export function exactBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
