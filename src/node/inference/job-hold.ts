import type { AppError } from '#contract/errors.ts';
import { createQuiet } from '../quiet.ts';
import type { JobRequest } from './job-request.ts';

/** Models that rest while the machine is at other work. */
export interface JobHold {
  applies(model: string): boolean;
  /** What requests for them are refused with meanwhile. */
  error: AppError;
  /** When they are back at the latest, Unix ms: what waits and has the time stays. */
  backAt: number;
}

export interface HoldableJobs {
  /**
   * No new jobs for some models. Those that wait stay in the queue where their deadline allows; else they are refused, for another
   * node to take them, or, where their answer may have begun on the wire, are still done.
   */
  hold(hold: JobHold): void;
  /** The models are on their way back: new jobs are taken, and wait for `unhold` with the others. */
  expect(): void;
  /** Jobs are taken again, those that waited first. */
  unhold(): void;
  /** Jobs at work, or still to be done, for models that rest. */
  held(): number;
  /** Resolves when there are none; rejects with the signal's reason. */
  quiet(signal: AbortSignal): Promise<void>;
}

interface WaitingJob {
  request: JobRequest;
  deadlineMs: number;
  queuedAt: number;
}

/** From this long on a stream that waits may have been opened, and cannot be sent elsewhere. */
const mayBeOpenMs = 10_000;

/** Which of a queue's jobs rest with their models. */
export function createJobRest<T extends WaitingJob>(queue: {
  waiting(): readonly T[];
  running(): Iterable<T>;
  refuse(job: T, error: AppError): void;
  now(): number;
  /** Jobs may start, or are to be counted anew. */
  onChange(): void;
}) {
  let rest: JobHold | null = null;
  let resting = new Set<T>();
  let isExpected = false;
  const quiet = createQuiet(() => held() === 0);
  const applies = ({ request }: T) => rest?.applies(request.model) ?? false;
  const isResting = (job: T) => resting.has(job) || (isExpected && applies(job));

  function held(): number {
    const waiting = queue.waiting().filter((job) => applies(job) && !isResting(job));
    return waiting.length + [...queue.running()].filter(applies).length;
  }

  const jobs: HoldableJobs = {
    hold(next) {
      rest = next;
      resting = new Set();
      isExpected = false;
      const now = queue.now();
      for (const job of [...queue.waiting()].filter(applies)) {
        if (job.deadlineMs > next.backAt) resting.add(job);
        else if (now - job.queuedAt < mayBeOpenMs) queue.refuse(job, next.error);
      }
      queue.onChange();
    },
    expect() {
      isExpected = true;
    },
    unhold() {
      rest = null;
      resting = new Set();
      isExpected = false;
      queue.onChange();
    },
    held,
    quiet: quiet.wait,
  };
  return {
    jobs,
    /** Whether a job waits until its model is back. */
    isResting,
    /** Why a model takes no new job; null where it does. */
    refusal: (model: string): AppError | null => (!isExpected && rest?.applies(model) ? rest.error : null),
    check: quiet.check,
  };
}
