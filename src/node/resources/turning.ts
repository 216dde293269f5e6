/** Whether something counts, with the time that it takes to turn. */
export interface Hold {
  /** Since when it counts; null while it does not. */
  since: number | null;
  /** Since when the contrary is said. */
  turning: number | null;
}

export interface Dwell {
  onMs: number;
  offMs: number;
}

/** Follows what is said; null (unknown) counts as no. The answer is null where there is nothing to remember. */
export function follow(
  before: Hold | null,
  is: boolean | null,
  now: number,
  { onMs, offMs }: Dwell,
): Hold | null {
  const wants = is === true;
  const since = before?.since == null ? null : Math.min(before.since, now);
  if (wants === (since !== null)) return wants ? { since, turning: null } : null;
  const turning = Math.min(before?.turning ?? now, now);
  if (now - turning < (wants ? onMs : offMs)) return { since, turning };
  return wants ? { since: now, turning: null } : null;
}
