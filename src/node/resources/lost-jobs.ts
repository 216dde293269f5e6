import type { ErrorCode } from '#contract/errors.ts';

/** Jobs lost in a row after which the node rests. */
const mostInARow = 5;
const firstRestMs = 10 * 60_000;
const mostRestMs = 2 * 60 * 60_000;

/** Errors by which a job is lost through this node's own fault. */
const ownFaults: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'host/internal',
  'inference/crashed',
  'inference/failed',
  'inference/load-failed',
  'inference/out-of-memory',
  'queue/deadline-passed',
]);

/** Unix ms throughout. */
export interface LostJobs {
  inARow: number;
  /** Losses count once for what ran at the same time: they have one cause. */
  latestAt: number;
  /** Rests since a job was last done. */
  rests: number;
  rest: { since: number; until: number; count: number; error: ErrorCode } | null;
}

export const noLostJobs: LostJobs = { inARow: 0, latestAt: Number.NEGATIVE_INFINITY, rests: 0, rest: null };

/** A job that was begun at `startedAt` ended with this error. Others' faults, cancels and bad requests count for nothing. */
export function jobLost(
  before: LostJobs,
  job: { code: ErrorCode; startedAt: number; now: number },
): LostJobs {
  const { code, startedAt, now } = job;
  if (!ownFaults.has(code)) return before;
  // After a clock was set back nothing can be told of what ran at the same time.
  if (startedAt < before.latestAt && before.latestAt <= now) return before;
  const inARow = before.inARow + 1;
  if (inARow < mostInARow) return { ...before, inARow, latestAt: now };
  const restMs = Math.min(mostRestMs, firstRestMs * 2 ** Math.min(before.rests, 10));
  const rest = { since: now, until: now + restMs, count: inARow, error: code };
  return { inARow: 0, latestAt: now, rests: before.rests + 1, rest };
}

/** A job was done: what was lost before has passed. A rest that has begun goes on. */
export const jobDone = (before: LostJobs): LostJobs =>
  before.inARow === 0 && before.rests === 0 ? before : { ...before, inARow: 0, rests: 0 };
