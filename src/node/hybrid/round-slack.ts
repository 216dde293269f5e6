import type { ArbiterInputs } from './allocation.ts';

/** For stopping to serve, starting the trainer and sending the update. */
const marginMs = 120_000;
/** Estimates of the work are exceeded. */
const workMargin = 1.1;
/** A round that lacks up to this much by the estimate is still tried. */
const hopeShare = 1.05;

type Round = NonNullable<ArbiterInputs['round']>;

/** A round whose deadline can't be met with all threads either, or has passed, is no reason to train. */
export const isHopeless = (round: Round, now: number): boolean =>
  round.deadline <= now || round.workMs > (round.deadline - now) * hopeShare;

/** Time that training need not have yet, were it to have all threads after that. Negative: less than the margins allow. */
export const slackOf = (round: Round, now: number): number =>
  round.deadline - now - marginMs - round.workMs * workMargin;

/** Threads of `threads` with which the round is just made, work taken as proportional to them; above `threads` when none suffice. */
export function threadsFor(round: Round, now: number, threads: number): number {
  const leftMs = round.deadline - now - marginMs;
  if (round.workMs === 0) return 0;
  return leftMs <= 0 ? threads + 1 : Math.ceil((threads * round.workMs * workMargin) / leftMs);
}
