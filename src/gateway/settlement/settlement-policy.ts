import type { Settlement } from './settlement-book.ts';

/** How many finalized blocks must have passed a transaction's last valid one before it counts as gone for good. */
export const expiryMarginBlocks = 32;

/** What one endpoint of the chain knows of a payment. */
export interface Sighting {
  level: 'none' | 'rumoured' | 'confirmed' | 'finalized';
  /** base58; where it is seen. */
  signature: string | null;
  /** The finalized block that this endpoint had seen before it was asked. */
  finalizedHeight: number;
  /** Its history does not reach back to when the payment was prepared: not to find it means nothing. */
  isBlind: boolean;
  /** The transaction itself, with what it changed; where an endpoint cannot show it, it is but rumoured. */
  proof: { slot: number; feeLamports: bigint; receivedAtomic: bigint; error: string | null } | null;
}

export type Verdict =
  | { do: 'finalize'; signature: string; proof: NonNullable<Sighting['proof']> }
  | { do: 'fail'; signature: string; reason: string }
  | { do: 'expire' }
  | { do: 'note'; state: 'confirmed'; signature: string }
  /** Not on the chain: the same bytes are sent (again). `isGone` when it had been there. */
  | { do: 'send'; isGone: boolean }
  | { do: 'wait' };

/**
 * What to do about a payment under way, from what the endpoints that answered say. Nothing is final on an endpoint's bare word. What
 * makes way for another payment wants two of several `endpoints`: it has failed when none shows otherwise, and is over when every one
 * that answers has seen the blocks in which it could have landed, without it.
 */
export function judgeSettlement(
  settlement: Pick<Settlement, 'state' | 'mode' | 'lastValidBlockHeight'> & { amountAtomic: bigint },
  sightings: readonly Sighting[],
  endpoints: number,
): Verdict {
  const quorum = Math.min(2, endpoints);
  for (const { level, signature, proof } of sightings) {
    if (level !== 'finalized' || !proof || signature === null || proof.error !== null) continue;
    if (proof.receivedAtomic >= settlement.amountAtomic) return { do: 'finalize', signature, proof };
  }
  const failed = sightings.filter(
    ({ level, proof }) => level === 'finalized' && proof && proof.error !== null,
  );
  const [{ signature, proof } = { signature: null, proof: null }] = failed;
  const isDenied = sightings.some((one) => one.proof?.error === null);
  if (failed.length >= quorum && !isDenied && signature !== null && proof)
    return { do: 'fail', signature, reason: `chain/rejected: ${proof.error}` };
  const seen = sightings.find(
    ({ level, proof }) => (level === 'confirmed' || level === 'finalized') && proof,
  );
  if (seen?.signature) return { do: 'note', state: 'confirmed', signature: seen.signature };
  if (sightings.length === 0) return { do: 'wait' };
  const isPast = (blocks: number) =>
    sightings.every(({ finalizedHeight }) => finalizedHeight > settlement.lastValidBlockHeight + blocks);
  const isHeard = sightings.length >= quorum;
  if (
    isHeard &&
    isPast(expiryMarginBlocks) &&
    sightings.every(({ level, isBlind }) => level === 'none' && !isBlind)
  )
    return { do: 'expire' };
  if (settlement.mode === 'claim' || isPast(0)) return { do: 'wait' };
  return { do: 'send', isGone: settlement.state === 'confirmed' };
}

/** Why a channel is not paid now, though enough is vouched for; null when it can be. Amounts in lamports or the mint's unit. */
export function obstacleTo(
  amountAtomic: bigint,
  purse: {
    isNative: boolean;
    payoutLamports: bigint;
    treasuryLamports: bigint;
    /** Of a token. */
    treasuryAtomic: bigint;
    /** The network's fee, and what a new token account costs, where the treasury pays them. */
    costLamports: bigint;
    rentExemptLamports: bigint;
  },
): string | null {
  const { isNative, rentExemptLamports } = purse;
  if (isNative && purse.payoutLamports + amountAtomic < rentExemptLamports)
    return `settlement/rent: an empty account must get at least ${rentExemptLamports} lamports at once.`;
  const lamports = (isNative ? amountAtomic : 0n) + purse.costLamports;
  const left = purse.treasuryLamports - lamports;
  if (left !== 0n && left < rentExemptLamports)
    return `gateway/insufficient-funds: the treasury has ${purse.treasuryLamports} lamports, ${lamports} are needed beside its rent.`;
  if (!isNative && purse.treasuryAtomic < amountAtomic)
    return `gateway/insufficient-funds: the treasury has ${purse.treasuryAtomic} of the token, ${amountAtomic} are needed.`;
  return null;
}
