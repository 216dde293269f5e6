import { agreementKey, pairMask } from '#contract/federated/key-agreement.ts';
import type { Mask } from '#contract/federated/masks.ts';
import type { Advertisement } from '#contract/federated/round-messages.ts';
import { combineShares, type SecretKind, seedSha256 } from '#contract/federated/secret-sharing.ts';

/** Shares of one secret, each already known to be the one its dealer signed. */
export interface SecretToRecover {
  kind: SecretKind;
  dealer: Advertisement;
  shares: Uint8Array[];
}

export interface RecoveredMasks {
  masks: Mask[];
  /** Dealers whose shares are too few, or do not give what they advertised. */
  unrecovered: string[];
}

/**
 * What must be added to the sum of the living's vectors so that no mask is left in it: the living's self-masks, and the masks that the dead
 * share with the living. A recovered secret counts only when it fits what its node signed in the first stage.
 */
export async function recoveredMasks(
  secrets: readonly SecretToRecover[],
  living: readonly Advertisement[],
  { context, threshold }: { context: string; threshold: number },
): Promise<RecoveredMasks> {
  const masks: Mask[] = [];
  const unrecovered: string[] = [];
  for (const { kind, dealer, shares } of secrets) {
    const secret = shares.length >= threshold ? await combineShares(shares.slice(0, threshold)) : null;
    // A signal between secrets: hundreds of them take seconds.
    await new Promise((resolve) => setImmediate(resolve));
    if (!secret) unrecovered.push(dealer.node);
    else if (kind === 'seed') {
      if (seedSha256(secret, context, dealer.node) === dealer.seed_sha256)
        masks.push({ seed: secret, sign: -1 });
      else unrecovered.push(dealer.node);
    } else {
      const key = agreementKey(secret);
      secret.fill(0);
      if (Buffer.from(key.publicKey).toString('base64') !== dealer.mask_key) unrecovered.push(dealer.node);
      // The dead's own half of a pair's mask is what cancels the living's.
      else
        for (const { node, mask_key } of living)
          masks.push(
            pairMask(
              { node: dealer.node, key },
              { node, publicKey: new Uint8Array(Buffer.from(mask_key, 'base64')) },
              context,
            ),
          );
    }
  }
  return { masks, unrecovered };
}
