import type { TFunction } from 'i18next';
import type { NodeState, PauseReason } from '#contract/node-status.ts';
import { formatClock, formatMoment, formatTimeLeft } from '../../lib/format.ts';
import { pauseWords } from '../../lib/pause-words.ts';

const dayMs = 86_400_000;

/** A time of day where it lies within a day of now, else with its date. */
export const dayText = (at: number, now: number): string =>
  Math.abs(at - now) < dayMs ? formatClock(at) : formatMoment(at);

/** A reason as a person reads it: what it is, its figures where it has some, what ends it, how long it lasts and since when. */
export function reasonWords(
  reason: PauseReason,
  now: number,
  t: TFunction,
): { title: string; figures: string | null; end: string; left: string | null; begun: string } {
  const { code, since, until } = reason;
  const { title, sentence, end } = pauseWords(reason, t, now);
  // A sentence without figures says no more than the title.
  const hasFigures = t(`pause.${code}.sentence`, { skipInterpolation: true }).includes('{{');
  return {
    title,
    figures: hasFigures && sentence !== t(`pause.${code}.plain`, { defaultValue: '' }) ? sentence : null,
    end,
    left: until !== undefined && until > now ? t('hybrid.left', { left: formatTimeLeft(until - now) }) : null,
    begun: t('hybrid.since', { time: dayText(since, now) }),
  };
}

/** When all of a pause's reasons are over by themselves; null while one of them does not tell. */
export function pausedUntil(state: Extract<NodeState, { state: 'paused' }>): number | null {
  const untils = state.reasons.map(({ until }) => until);
  return untils.every((until) => until !== undefined) ? Math.max(...untils) : null;
}

/** What the operator's own button ends; other reasons end with their cause. */
export const canResume = (reasons: readonly PauseReason[]): boolean =>
  reasons.some(({ code }) => code === 'operator');
