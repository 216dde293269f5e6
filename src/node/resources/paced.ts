import type { Clock } from '../clock.ts';

const mostPauseMs = 10 * 60_000;
/** A reading that takes this long is no reading of now. */
const hungMs = 20_000;

/** The latest reading; `settled` resolves when the one that is under way has ended. */
export type Paced<T> = (() => T) & { settled(): Promise<void> };

/**
 * The latest of a reading that is too costly for each turn: asked for again when it is due, and less and less often while it fails.
 * A failed reading is unknown at once. `read` rejects where there is nothing to be known.
 */
export function paced<T>(options: {
  clock: Clock;
  everyMs: number;
  unknown: T;
  read(): Promise<T>;
  /** While this says no, nothing is asked. */
  isWanted?(): boolean;
}): Paced<T> {
  const { clock, everyMs, unknown } = options;
  let value = unknown;
  let startedAt: number | null = null;
  let dueAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let reading = Promise.resolve();

  async function read(): Promise<void> {
    try {
      value = await options.read();
      failures = 0;
    } catch {
      value = unknown;
      failures += 1;
    }
    startedAt = null;
    dueAt = clock.now() + Math.min(everyMs * 2 ** Math.min(failures, 20), Math.max(everyMs, mostPauseMs));
  }

  function latest(): T {
    if (options.isWanted?.() === false) {
      dueAt = Number.NEGATIVE_INFINITY;
      return unknown;
    }
    const now = clock.now();
    // A clock that was set back must not silence a probe.
    const isDue = now >= dueAt || dueAt - now > Math.max(everyMs, mostPauseMs);
    if (startedAt === null && isDue) {
      startedAt = now;
      reading = read();
    } else if (startedAt !== null && now - startedAt > hungMs) value = unknown;
    return value;
  }
  return Object.assign(latest, { settled: () => reading });
}

/** For a reading without which there is nothing to be known. Throws where it is null. */
export function known<T>(value: T | null): T {
  if (value === null) throw new Error('nothing is known');
  return value;
}
