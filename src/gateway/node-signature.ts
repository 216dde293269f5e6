import { AppError } from '#contract/errors.ts';
import { nodeHeaders, nodeRequestText, signedRequestWindowSeconds } from '#contract/wire/signed-request.ts';
import { sha256Hex, verifyText } from './ed25519.ts';

const mostNonceLength = 100;

/** Checks the signature of a node's call; returns its key, or null when the call is not signed. Throws `auth/*`. */
export function createNodeSignatureCheck(nowMs: () => number) {
  const nonces = new Map<string, number>();
  return (request: {
    method: string;
    path: string;
    header(name: string): string | undefined;
    body: Uint8Array;
    /** When its headers came, where a body may take long; absent: now. */
    arrivedMs?: number;
  }) => {
    const key = request.header(nodeHeaders.key);
    if (!key) return null;
    const seconds = request.header(nodeHeaders.timestamp) ?? '';
    const nonce = request.header(nodeHeaders.nonce) ?? '';
    const signature = request.header(nodeHeaders.signature) ?? '';
    if (!/^\d{1,12}$/.test(seconds) || nonce === '' || nonce.length > mostNonceLength)
      throw new AppError('auth/bad-signature', 'The signature lacks its time or its nonce.');
    const timestamp = Number(seconds);
    const nowSeconds = Math.floor(nowMs() / 1000);
    const arrivedSeconds = Math.floor((request.arrivedMs ?? nowMs()) / 1000);
    const off = Math.abs(arrivedSeconds - timestamp);
    if (off > signedRequestWindowSeconds)
      throw new AppError('auth/expired', `The signature is ${off} seconds off this gateway’s clock.`);
    const text = nodeRequestText({
      method: request.method,
      path: request.path,
      timestamp,
      nonce,
      bodySha256: sha256Hex(request.body),
    });
    if (!verifyText(text, signature, key))
      throw new AppError('auth/bad-signature', 'The signature does not fit this request.');
    for (const [known, expires] of nonces) {
      if (expires >= nowSeconds) break;
      nonces.delete(known);
    }
    const id = `${key} ${nonce}`;
    if (nonces.has(id)) throw new AppError('auth/replayed', 'This very request came before.');
    nonces.set(id, nowSeconds + 2 * signedRequestWindowSeconds);
    return key;
  };
}
