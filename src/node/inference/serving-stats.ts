import type { ServingStats } from '#contract/node-status.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';

const minuteMs = 60_000;
const speedWindowMs = 10_000;
const publishMs = 1000;
const latestJobs = 100;

/** Takes down what happens to jobs and shows it as figures over sliding windows. */
export interface ServingRecorder {
  stats: Signal<ServingStats>;
  setLoad(running: number, waiting: number, queueLimit: number): void;
  tokens(count: number): void;
  firstToken(afterMs: number): void;
  /** `fine` is false for errors of ours only. */
  finished(seconds: number, fine: boolean): void;
  /** Median time of the latest jobs in seconds; null before the first. */
  jobSeconds(): number | null;
  dispose(): void;
}

export function createServingRecorder(clock: Clock): ServingRecorder {
  let load = { running: 0, waiting: 0, queueLimit: 0 };
  let tokenMarks: { at: number; count: number }[] = [];
  let firstTokens: { at: number; ms: number }[] = [];
  let finishes: number[] = [];
  const latest: { seconds: number; fine: boolean }[] = [];
  let completed = 0;

  function read(): ServingStats {
    const now = clock.now();
    tokenMarks = tokenMarks.filter(({ at }) => at > now - speedWindowMs);
    firstTokens = firstTokens.filter(({ at }) => at > now - minuteMs);
    finishes = finishes.filter((at) => at > now - minuteMs);
    const tokens = tokenMarks.reduce((sum, { count }) => sum + count, 0);
    const fine = latest.filter((job) => job.fine).length;
    return {
      requestsPerMinute: finishes.length,
      tokensPerSecond: Math.round((tokens / speedWindowMs) * 10_000) / 10,
      firstTokenMs: median(firstTokens.map(({ ms }) => ms)),
      successRate: latest.length === 0 ? null : fine / latest.length,
      ...load,
      completed,
    };
  }

  const stats = createSignal(read());
  const publish = () => {
    const next = read();
    if (JSON.stringify(next) !== JSON.stringify(stats.get())) stats.set(next);
  };
  const timer = setInterval(publish, publishMs);
  timer.unref();

  return {
    stats,
    setLoad(running, waiting, queueLimit) {
      load = { running, waiting, queueLimit };
    },
    tokens(count) {
      const now = clock.now();
      const last = tokenMarks.at(-1);
      if (last && now - last.at < 100) last.count += count;
      else tokenMarks.push({ at: now, count });
    },
    firstToken: (ms) => void firstTokens.push({ at: clock.now(), ms }),
    finished(seconds, fine) {
      completed += 1;
      finishes.push(clock.now());
      latest.push({ seconds, fine });
      if (latest.length > latestJobs) latest.shift();
    },
    jobSeconds: () => median(latest.map(({ seconds }) => seconds)),
    dispose: () => clearInterval(timer),
  };
}

function median(values: number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}
