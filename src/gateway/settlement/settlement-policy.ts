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
  /** `problem`: what must change before anything can be done. */
  | { do: 'wait'; problem: string | null };

/** How many of several endpoints must show a payment before it is final; also who must be heard before one is begun. */
export const quorumOf = (endpoints: number): number => Math.min(2, endpoints);

/**
 * What to do about a payment under way, from what the endpoints that answered say. Of several, no single one decides: a payment is final
 * when two show the very transaction, and it makes way for another one only when every endpoint answers, has seen the blocks in which
 * it could have landed, and shows none that paid. A lone endpoint is believed.
 */
export function judgeSettlement(
  settlement: Pick<Settlement, 'state' | 'mode' | 'lastValidBlockHeight' | 'slot'> & { amountAtomic: bigint },
  sightings: readonly Sighting[],
  endpoints: number,
): Verdict {
  const wait = (problem: string | null = null): Verdict => ({ do: 'wait', problem });
  const paid = sightings.filter(
    ({ level, proof }) =>
      level === 'finalized' && proof?.error === null && proof.receivedAtomic >= settlement.amountAtomic,
  );
  for (const { signature, proof } of paid) {
    const alike = paid.filter((one) => one.signature === signature);
    if (signature !== null && proof && alike.length >= quorumOf(endpoints))
      return { do: 'finalize', signature, proof };
  }
  if (sightings.length === 0) return wait('No endpoint of the chain answers.');
  const isPast = (blocks: number) => (one: Sighting) =>
    one.finalizedHeight > settlement.lastValidBlockHeight + blocks;
  const hasFailed = ({ level, proof }: Sighting) =>
    level === 'finalized' && proof !== null && proof.error !== null;
  const isGone = (one: Sighting) =>
    isPast(expiryMarginBlocks)(one) && (hasFailed(one) || (one.level === 'none' && !one.isBlind));
  if (sightings.every(isGone)) {
    const silent = endpoints - sightings.length;
    if (silent > 0)
      return wait(`${silent} of ${endpoints} endpoints are silent; all must say that a payment is gone.`);
    const { signature = null, proof = null } = sightings.find(hasFailed) ?? {};
    return signature !== null && proof
      ? { do: 'fail', signature, reason: `chain/rejected: ${proof.error}` }
      : { do: 'expire' };
  }
  if (sightings.length < quorumOf(endpoints))
    return wait(`${sightings.length} of ${endpoints} endpoints answers; one alone decides nothing.`);
  const seen = sightings.filter(
    ({ level, proof }) => (level === 'confirmed' || level === 'finalized') && proof?.error === null,
  );
  const [first] = seen;
  if (first?.signature && seen.length >= quorumOf(endpoints))
    return { do: 'note', state: 'confirmed', signature: first.signature };
  if (sightings.every(isPast(0))) {
    if (first) return wait(`${seen.length} of ${endpoints} endpoints shows a payment that others do not.`);
    if (sightings.some(({ level }) => level === 'rumoured'))
      return wait('An endpoint says that there is a payment, and does not show it.');
    const isBlind = sightings.some((one) => one.isBlind);
    return wait(isBlind ? `An endpoint’s history does not reach back to slot ${settlement.slot}.` : null);
  }
  if (settlement.mode === 'claim') return wait();
  return { do: 'send', isGone: settlement.state === 'confirmed' && !first };
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
