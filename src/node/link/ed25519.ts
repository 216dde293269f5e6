import { createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto';
import bs58 from 'bs58';

/** Ed25519 (RFC 8032) over text, keys and signatures as base58. */
export function verifyText(text: string, signature: string, publicKey: string): boolean {
  try {
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(bs58.decode(publicKey)).toString('base64url') },
      format: 'jwk',
    });
    return verify(null, Buffer.from(text), key, bs58.decode(signature));
  } catch {
    return false;
  }
}

export interface SigningKey {
  /** base58. */
  publicKey: string;
  sign(text: string): string;
}

/** From a PKCS#8 PEM private key. Throws when it is none or not ed25519. */
export function signingKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('not an ed25519 key');
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    publicKey: bs58.encode(Buffer.from(x, 'base64url')),
    sign: (text) => bs58.encode(sign(null, Buffer.from(text), privateKey)),
  };
}

/** Lower-case hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}
