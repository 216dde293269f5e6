import type { AppError, ErrorCode } from '#contract/errors.ts';

const mostCrashes = 3;

/** What a failure within a round leads to: `again` after a pause, `resume` from the last epoch, or the end of the round. */
export type Remedy = { kind: 'again'; pauseMs: number } | { kind: 'resume' } | { kind: 'give-up' };

/**
 * How long to wait before try `attempt` (0 for the first one after a failure): 2^min(9, n) seconds, of which a random half.
 * Folding@home's rule, with jitter so that nodes of a round do not come at once.
 */
export function retryPauseMs(attempt: number, random: number): number {
  const wholeMs = 1000 * 2 ** Math.min(9, attempt);
  return Math.round(wholeMs / 2 + (wholeMs / 2) * random);
}

/** Failures that pass by themselves. */
const passing = new Set<ErrorCode>(['link/unreachable', 'link/bad-answer']);
/** Failures of the worker that a new start from the checkpoint can mend. */
const restartable = new Set<ErrorCode>(['training/worker-crashed']);

/** The rule for each failure; a pause that would pass the deadline is no use. */
export function remedyFor(
  error: AppError,
  state: { attempt: number; nowMs: number; deadlineMs: number; random: number },
): Remedy {
  if (restartable.has(error.code))
    return state.attempt < mostCrashes ? { kind: 'resume' } : { kind: 'give-up' };
  if (!passing.has(error.code)) return { kind: 'give-up' };
  const pauseMs = retryPauseMs(state.attempt, state.random);
  return state.nowMs + pauseMs < state.deadlineMs ? { kind: 'again', pauseMs } : { kind: 'give-up' };
}
