import { createPublicKey, verify } from 'node:crypto';
import bs58 from 'bs58';

/** Bytes of base58 text, or null where it is none or has another length. */
export function bytesOf(base58: string, length: number): Uint8Array | null {
  try {
    const bytes = bs58.decode(base58);
    return bytes.length === length ? bytes : null;
  } catch {
    return null;
  }
}

/** Whether an address (base58) has signed; false for what is no key or no signature. */
export function isSignedBy(address: string, message: Uint8Array, signature: Uint8Array): boolean {
  const key = bytesOf(address, 32);
  if (!key || signature.length !== 64) return false;
  const x = Buffer.from(key).toString('base64url');
  try {
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, message, publicKey, signature);
  } catch {
    return false;
  }
}
