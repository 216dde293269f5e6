import type { Clock } from '#node/clock.ts';

/** A clock whose hands the test turns. */
export function createFakeClock(startMs = Date.UTC(2026, 0, 1)) {
  let nowMs = startMs;
  let sleepers: { untilMs: number; wake(): void }[] = [];
  const clock: Clock = {
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const sleeper = { untilMs: nowMs + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener(
          'abort',
          () => {
            sleepers = sleepers.filter((other) => other !== sleeper);
            reject(signal.reason);
          },
          { once: true },
        );
      }),
  };
  return {
    clock,
    /** Milliseconds until the next sleeper wakes; null when none sleeps. */
    nextMs: () =>
      sleepers.length === 0 ? null : Math.min(...sleepers.map(({ untilMs }) => untilMs)) - nowMs,
    advance(ms: number) {
      nowMs += ms;
      const due = sleepers.filter(({ untilMs }) => untilMs <= nowMs);
      sleepers = sleepers.filter(({ untilMs }) => untilMs > nowMs);
      for (const { wake } of due) wake();
    },
  };
}
