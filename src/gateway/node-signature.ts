import type { Database } from 'better-sqlite3';
import { AppError } from '#contract/errors.ts';
import { nodeHeaders, nodeRequestText, signedRequestWindowSeconds } from '#contract/wire/signed-request.ts';
import { sha256Hex, verifyText } from './ed25519.ts';

/** A request's body may come so slowly: an update has its node's own limit of the network. */
export const slowestRequestMs = 60 * 60_000;

const mostNonceLength = 100;
/** From a call's check to the end of the last one that could be its copy: signed ahead of our clock, and as slow as can be. */
const keptSeconds = 2 * signedRequestWindowSeconds + slowestRequestMs / 1000;

/** What was signed once, also before a restart. */
export const nonceTables = `
  CREATE TABLE call_nonces (
    node_key TEXT NOT NULL, nonce TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (node_key, nonce)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX call_nonces_by_time ON call_nonces (until);`;

export type NodeSignatureCheck = ReturnType<typeof createNodeSignatureCheck>;

/**
 * Checks the signature of a node's call; returns its key, or null when the call is not signed. A nonce is taken down before the call
 * is answered, and kept until no copy of the call could still be in time. Throws `auth/*`.
 */
export function createNodeSignatureCheck(database: Database, nowMs: () => number) {
  const forget = database.prepare('DELETE FROM call_nonces WHERE until < ?');
  const take = database.prepare('INSERT OR IGNORE INTO call_nonces VALUES (?, ?, ?)');
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
    forget.run(nowSeconds);
    if (take.run(key, nonce, nowSeconds + keptSeconds).changes === 0)
      throw new AppError('auth/replayed', 'This very request came before.');
    return key;
  };
}
