import type { AgreementKey } from '#contract/federated/key-agreement.ts';
import type { Advertisement, ShareDelivery, SharesMessage } from '#contract/federated/round-messages.ts';
import { openShares, type PairOfShares, sealShares } from '#contract/federated/sealed-shares.ts';
import { shareSha256, splitSecret } from '#contract/federated/secret-sharing.ts';

interface Dealing {
  context: string;
  own: string;
  cipherKey: AgreementKey;
  peers: readonly Advertisement[];
}

export interface DealtShares {
  shares: SharesMessage['shares'];
  ownSeedShare: Uint8Array;
}

/** Splits a node's two secrets among its peers and itself, and seals each of the others its pair. */
export async function dealShares(
  { context, own, cipherKey, peers }: Dealing,
  secrets: { maskKey: Uint8Array; seed: Uint8Array },
  threshold: number,
): Promise<DealtShares> {
  const maskKeyShares = await splitSecret(secrets.maskKey, peers.length, threshold);
  const seedShares = await splitSecret(secrets.seed, peers.length, threshold);
  const shares: SharesMessage['shares'] = [];
  let ownSeedShare = new Uint8Array();
  for (const { node: to, cipher_key } of peers) {
    const pair = { maskKey: taken(maskKeyShares), seed: taken(seedShares) };
    if (to === own) {
      ownSeedShare = new Uint8Array(pair.seed);
    } else {
      const digests = digestsOf(pair, { context, of: own, to });
      const key = cipherKey.agree(fromBase64(cipher_key), { purpose: 'shares', context, pair: [own, to] });
      shares.push({ to, sealed: sealShares(key, pair, { context, from: own, to, ...digests }), ...digests });
      key.fill(0);
    }
    pair.maskKey.fill(0);
    pair.seed.fill(0);
  }
  return { shares, ownSeedShare };
}

/**
 * The pairs that the others sealed for this node, by dealer. One that does not open, or is not the pair its dealer signed, is left out: this
 * node will not answer for it.
 */
export function openedShares(
  { context, own, cipherKey, peers }: Dealing,
  delivery: ShareDelivery['shares'],
): Map<string, PairOfShares> {
  const keys = new Map(peers.map(({ node, cipher_key }) => [node, cipher_key]));
  const opened = new Map<string, PairOfShares>();
  for (const { from, sealed, ...digests } of delivery) {
    const publicKey = fromBase64(keys.get(from) ?? '');
    const key = cipherKey.agree(publicKey, { purpose: 'shares', context, pair: [from, own] });
    const pair = openShares(key, sealed, { context, from, to: own, ...digests });
    key.fill(0);
    if (!pair) continue;
    const found = digestsOf(pair, { context, of: from, to: own });
    if (
      found.mask_key_share_sha256 === digests.mask_key_share_sha256 &&
      found.seed_share_sha256 === digests.seed_share_sha256
    )
      opened.set(from, pair);
  }
  return opened;
}

const digestsOf = (pair: PairOfShares, bound: { context: string; of: string; to: string }) => ({
  mask_key_share_sha256: shareSha256(pair.maskKey, { ...bound, kind: 'mask-key' }),
  seed_share_sha256: shareSha256(pair.seed, { ...bound, kind: 'seed' }),
});

function taken(shares: Uint8Array[]): Uint8Array {
  const share = shares.pop();
  if (!share) throw new RangeError('More holders than shares.');
  return share;
}

// A Uint8Array and no Buffer: what the sharing wants, and nothing of it lies in Node's common pool.
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(text, 'base64'));

export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
