import { generateKeyPairSync, sign } from 'node:crypto';
import bs58 from 'bs58';
import type { ByteSigner } from '#contract/settlement/ed25519.ts';

/** A new ed25519 key that signs bytes, as a gateway's or a wallet's does. */
export function newByteKey(): ByteSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: bs58.encode(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')),
    signBytes: (bytes) => bs58.encode(sign(null, bytes, privateKey)),
  };
}
