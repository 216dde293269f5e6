import type { Clock } from '../clock.ts';
import type { Machine } from './machine.ts';

const firstPauseMs = 2000;
const mostPauseMs = 10 * 60_000;
/** A tool that ran this long starts its pauses anew. */
const stableMs = 60_000;
/** A driver that sleeps takes its time to wake. */
const startLimitMs = 15_000;
/** What comes within this belongs together. */
const quietMs = 500;

/** `starting`: it has neither said anything yet nor failed. */
export type FollowedState<T> = { is: 'known'; value: T } | { is: 'starting' | 'unknown' | 'absent' };

export interface FollowedTool<T> {
  /** What it said last, while that is fresh. Starts it, and again when it has ended, hangs or is back. */
  latest(): FollowedState<T>;
  /** Resolves with its first words, or when there will be none. */
  first: Promise<void>;
  dispose(): void;
}

/** A tool that is kept running and prints a batch of lines each time: starting it for each reading would cost a hundred times more. */
export function followTool<T>(options: {
  machine: Pick<Machine, 'follow'>;
  clock: Clock;
  tool: string;
  args: readonly string[];
  everyMs: number;
  /** Whether these lines are all of a batch; else it is whole when no more come. */
  isWhole?(lines: string[]): boolean;
  /** Null for nonsense. */
  parse(lines: string[]): T | null;
}): FollowedTool<T> {
  const { machine, clock, tool, args } = options;
  const silentMs = 3 * options.everyMs + 5000;
  const first = Promise.withResolvers<void>();
  let state: FollowedState<T> = { is: 'starting' };
  let end: (() => void) | null = null;
  let startedAt = 0;
  let heardAt: number | null = null;
  let dueAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let lines: string[] = [];
  let quiet: NodeJS.Timeout | undefined;
  let isDisposed = false;

  function flush(): void {
    clearTimeout(quiet);
    quiet = undefined;
    const batch = lines;
    lines = [];
    const value = options.parse(batch);
    state = value === null ? { is: 'unknown' } : { is: 'known', value };
    if (value !== null) heardAt = clock.now();
    first.resolve();
  }

  function failed(isAbsent: boolean): void {
    clearTimeout(quiet);
    quiet = undefined;
    lines = [];
    end = null;
    const now = clock.now();
    failures = now - startedAt > stableMs ? 1 : failures + 1;
    dueAt =
      now + (isAbsent ? mostPauseMs : Math.min(firstPauseMs * 2 ** Math.min(failures, 20), mostPauseMs));
    state = { is: isAbsent ? 'absent' : 'unknown' };
    first.resolve();
  }

  function start(): void {
    startedAt = clock.now();
    heardAt = null;
    end = machine.follow(tool, args, {
      onLine(line) {
        lines.push(line);
        if (options.isWhole?.(lines)) flush();
        else quiet ??= setTimeout(flush, quietMs).unref();
      },
      onEnd(isAbsent) {
        if (lines.length > 0) flush();
        failed(isAbsent);
      },
    });
  }

  return {
    first: first.promise,
    latest() {
      if (isDisposed) return state;
      const now = clock.now();
      const isSilent = now - (heardAt ?? startedAt) > (heardAt === null ? startLimitMs : silentMs);
      if (end && isSilent) {
        end();
        failed(false);
      } else if (!end && (now >= dueAt || dueAt - now > mostPauseMs)) start();
      return state;
    },
    dispose() {
      isDisposed = true;
      clearTimeout(quiet);
      end?.();
      first.resolve();
    },
  };
}
