import type { AppError } from '#contract/errors.ts';
import type { JobRequest } from './job-request.ts';

/** Models that rest while the machine is at other work. */
export interface JobHold {
  applies(model: string): boolean;
  /** What requests for them are refused with meanwhile. */
  error: AppError;
  /** When they are back at the latest, Unix ms: what waits and has the time stays. */
  backAt: number;
}

/** From this long on a stream that waits may have been opened, and cannot be sent elsewhere. */
const mayBeOpenMs = 10_000;

/**
 * What becomes of a job that waits when its model goes to rest: it waits on where its deadline allows, is refused for another node to
 * take it, or, where its answer may have begun on the wire, is still done before.
 */
export function fateOf(
  { request, deadlineMs, queuedAt }: { request: JobRequest; deadlineMs: number; queuedAt: number },
  { applies, backAt }: JobHold,
  nowMs: number,
): 'wait' | 'refuse' | 'do' {
  if (!applies(request.model)) return 'do';
  if (deadlineMs > backAt) return 'wait';
  return nowMs - queuedAt < mayBeOpenMs ? 'refuse' : 'do';
}
