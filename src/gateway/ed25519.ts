import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import bs58 from 'bs58';
import type { ByteSigner } from '#contract/settlement/ed25519.ts';

/** Ed25519 (RFC 8032) over text, keys and signatures as base58. */
export function verifyText(text: string, signature: string, publicKey: string): boolean {
  try {
    const x = Buffer.from(bs58.decode(publicKey)).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, Buffer.from(text), key, bs58.decode(signature));
  } catch {
    return false;
  }
}

/** Signs what is text. */
export interface TextSigner {
  publicKey: string;
  sign(text: string): string;
}

export interface GatewayKey extends TextSigner, ByteSigner {}

/** The gateway's signing key, made on the first start; only its user can read the file. It holds no money. */
export function openGatewayKey(file: string): GatewayKey {
  if (!existsSync(file)) {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(file, pem, { mode: 0o600, flag: 'wx' });
  }
  const privateKey = createPrivateKey(readFileSync(file));
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    publicKey: bs58.encode(Buffer.from(x, 'base64url')),
    sign: (text) => bs58.encode(sign(null, Buffer.from(text), privateKey)),
    signBytes: (bytes) => bs58.encode(sign(null, bytes, privateKey)),
  };
}

export const sha256Hex = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
