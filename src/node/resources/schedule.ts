import type { Week } from '#contract/manners.ts';
import type { LocalTime } from './local-time.ts';

/** Offsets from UTC, and their changes, are whole quarters of an hour everywhere: a half hour of local time begins at one. */
const stepMs = 15 * 60_000;
/** A half hour that a change of the clocks skips is there a week later. */
const mostAheadMs = 16 * 24 * 3_600_000;

/** Whether the week's half hour of this local time is allowed. One that occurs twice is so both times. */
export function allowedAt(week: Week, instant: number, local: LocalTime): boolean {
  const { day, halfHour } = local.halfHourAt(instant);
  return week[day]?.[halfHour] === '1';
}

/** The first instant after this one at which `allowedAt` is another; null for a week that is all of one kind. */
export function nextChange(week: Week, instant: number, local: LocalTime): number | null {
  const all = week.join('');
  if (!all.includes('0') || !all.includes('1')) return null;
  const now = allowedAt(week, instant, local);
  const first = (Math.floor(instant / stepMs) + 1) * stepMs;
  for (let at = first; at <= instant + mostAheadMs; at += stepMs)
    if (allowedAt(week, at, local) !== now) return at;
  return null;
}
