/** How often something came lately. */
export interface RecentCount {
  add(now: number): void;
  /** Over the window, or since it was begun where that is less; times in Unix ms. */
  perMinute(now: number): number;
}

const bucketMs = 10_000;
const leastMs = 60_000;

export function createRecentCount(windowMs: number, startedAt: number): RecentCount {
  const buckets: { at: number; count: number }[] = [];
  const forget = (now: number) => {
    while (buckets[0] && buckets[0].at <= now - windowMs) buckets.shift();
  };
  return {
    add(now) {
      const last = buckets.at(-1);
      if (last && now - last.at < bucketMs) last.count += 1;
      else buckets.push({ at: now, count: 1 });
      forget(now);
    },
    perMinute(now) {
      forget(now);
      const spanMs = Math.min(windowMs, Math.max(leastMs, now - startedAt));
      return buckets.reduce((sum, { count }) => sum + count, 0) / (spanMs / 60_000);
    },
  };
}
