import type { ServingStats } from '#contract/node-status.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';

const minuteMs = 60_000;
const speedWindowMs = 10_000;
const publishMs = 1000;
const latestJobs = 100;
/** Times to the first token that the median is taken of; a busy minute has a hundred times as many. */
const latestFirstTokens = 1000;

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
  let tokenMarks: Mark[] = [];
  let firstTokens: { at: number; ms: number }[] = [];
  let finishes: Mark[] = [];
  const latest: { seconds: number; fine: boolean }[] = [];
  let completed = 0;

  function read(): ServingStats {
    const now = clock.now();
    tokenMarks = tokenMarks.filter(({ at }) => at > now - speedWindowMs);
    firstTokens = firstTokens.filter(({ at }) => at > now - minuteMs);
    finishes = finishes.filter(({ at }) => at > now - minuteMs);
    const fine = latest.filter((job) => job.fine).length;
    return {
      requestsPerMinute: total(finishes),
      tokensPerSecond: Math.round((total(tokenMarks) / speedWindowMs) * 10_000) / 10,
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
    tokens: (count) => mark(tokenMarks, clock.now(), count),
    firstToken(ms) {
      firstTokens.push({ at: clock.now(), ms });
      if (firstTokens.length > latestFirstTokens) firstTokens.shift();
    },
    finished(seconds, fine) {
      completed += 1;
      mark(finishes, clock.now(), 1);
      latest.push({ seconds, fine });
      if (latest.length > latestJobs) latest.shift();
    },
    jobSeconds: () => median(latest.map(({ seconds }) => seconds)),
    dispose: () => clearInterval(timer),
  };
}

interface Mark {
  at: number;
  count: number;
}

/** What comes within a tenth of a second is one mark. */
function mark(marks: Mark[], now: number, count: number): void {
  const last = marks.at(-1);
  if (last && now - last.at < 100) last.count += count;
  else marks.push({ at: now, count });
}

const total = (marks: Mark[]): number => marks.reduce((sum, { count }) => sum + count, 0);

function median(values: number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}
