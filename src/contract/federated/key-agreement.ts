import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { AppError } from '../errors.ts';

const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex');

export interface AgreementKey {
  /** 32 bytes, X25519 (RFC 7748). */
  publicKey: Uint8Array;
  /**
   * A 32-byte secret that only the two of a pair know, for one purpose in one round. Throws `training/round-untrusted` for a key of low order.
   */
  agree(
    peerPublicKey: Uint8Array,
    bound: { purpose: 'mask' | 'shares'; context: string; pair: readonly [string, string] },
  ): Uint8Array;
}

/** 32 random bytes; X25519 clamps them itself. */
export const newPrivateKey = (): Uint8Array => new Uint8Array(randomBytes(32));

export function agreementKey(privateBytes: Uint8Array): AgreementKey {
  const der = Buffer.concat([pkcs8Prefix, privateBytes]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    publicKey: new Uint8Array(Buffer.from(x, 'base64url')),
    agree(peerPublicKey, { purpose, context, pair }) {
      const shared = sharedSecret(privateKey, peerPublicKey);
      const info = `solanalm-secagg-v1 ${purpose}\n${pair[0]}\n${pair[1]}`;
      const key = hkdfSync('sha256', shared, Buffer.from(context, 'hex'), info, 32);
      shared.fill(0);
      return new Uint8Array(key);
    },
  };
}

function sharedSecret(privateKey: KeyObject, peerPublicKey: Uint8Array): Buffer {
  try {
    const der = Buffer.concat([spkiPrefix, peerPublicKey]);
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return diffieHellman({ privateKey, publicKey });
  } catch (cause) {
    throw new AppError('training/round-untrusted', 'A node’s one-time key is of low order, or none.', {
      cause,
    });
  }
}

/** Whether a secret can be agreed on with this key; one of low order would make it known to all. */
export function isUsableKey(publicKey: Uint8Array): boolean {
  try {
    sharedSecret(
      createPrivateKey({ key: Buffer.concat([pkcs8Prefix, newPrivateKey()]), format: 'der', type: 'pkcs8' }),
      publicKey,
    );
    return true;
  } catch {
    return false;
  }
}

/** The seed of the mask that two nodes share: the one whose key sorts first adds it, the other takes it away. */
export function pairMask(
  own: { node: string; key: AgreementKey },
  peer: { node: string; publicKey: Uint8Array },
  context: string,
): { seed: Uint8Array; sign: 1 | -1 } {
  const first = own.node < peer.node;
  const pair = first ? ([own.node, peer.node] as const) : ([peer.node, own.node] as const);
  return { seed: own.key.agree(peer.publicKey, { purpose: 'mask', context, pair }), sign: first ? 1 : -1 };
}
