const minuteMs = 60_000;
const windowMs = 15 * minuteMs;
const hiddenMs = 5 * minuteMs;
const dayMs = 24 * 60 * minuteMs;

export interface Forecast {
  /** Next 24 hours in lamports; null while it is too early to say. */
  lamports: bigint | null;
  /** When it will be known, in Unix ms; null once it is. */
  knownAt: number | null;
}

/**
 * The average of the last 15 minutes (or of the time since earning began, if that is shorter) carried on for a day; hidden for
 * the first 5 minutes. `net` gives what was earned since an instant.
 */
export function forecast(
  nowMs: number,
  earningSinceMs: number | null,
  net: (sinceMs: number) => bigint,
): Forecast {
  if (earningSinceMs === null) return { lamports: null, knownAt: null };
  const earnedForMs = nowMs - earningSinceMs;
  if (earnedForMs < hiddenMs) return { lamports: null, knownAt: earningSinceMs + hiddenMs };
  const spanMs = Math.min(windowMs, earnedForMs);
  return { lamports: (net(nowMs - spanMs) * BigInt(dayMs)) / BigInt(spanMs), knownAt: null };
}
