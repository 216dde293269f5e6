import { createHash } from 'node:crypto';
import { combine, split } from 'shamir-secret-sharing';

export const secretBytes = 32;
/** The secret's 32 bytes over GF(256) and the point they belong to. */
export const shareBytes = secretBytes + 1;

/** Shamir's sharing of 32 bytes, one share for each of 2 to 255 holders, of which `threshold` recover it and fewer say nothing. */
export function splitSecret(secret: Uint8Array, holders: number, threshold: number): Promise<Uint8Array[]> {
  return split(secret, holders, threshold);
}

/** The secret of exactly as many shares as the threshold, or null where they cannot belong together. A wrong share gives a wrong secret. */
export async function combineShares(shares: Uint8Array[]): Promise<Uint8Array | null> {
  return combine(shares).catch(() => null);
}

/** The two secrets of a node. */
export type SecretKind = 'mask-key' | 'seed';

/** What a dealer signs of a share, so that who hands out another one is known. Hides the share: it has 256 bits of chance. */
export function shareSha256(
  share: Uint8Array,
  { context, kind, of, to }: { context: string; kind: SecretKind; of: string; to: string },
): string {
  return createHash('sha256')
    .update(`solanalm-secagg-v1 share\n${context}\n${kind}\n${of}\n${to}\n`)
    .update(share)
    .digest('hex');
}

/** What a node signs of the seed of its self-mask, before it is shared. */
export function seedSha256(seed: Uint8Array, context: string, node: string): string {
  return createHash('sha256')
    .update(`solanalm-secagg-v1 seed\n${context}\n${node}\n`)
    .update(seed)
    .digest('hex');
}
