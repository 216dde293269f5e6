import type { TFunction } from 'i18next';
import type { NodeState, PauseReason } from '#contract/node-status.ts';
import { formatClock, formatMoment, formatTimeLeft } from '../../lib/format.ts';

const dayMs = 86_400_000;

/** A time of day where it lies within a day of now, else with its date. */
export const dayText = (at: number, now: number): string =>
  Math.abs(at - now) < dayMs ? formatClock(at) : formatMoment(at);

/** A reason as a person reads it: its sentence with its figures, since when, and what ends it. */
export function reasonWords(
  { code, detail, since, until }: PauseReason,
  now: number,
  t: TFunction,
): { sentence: string; since: string; end: string } {
  const isAhead = until !== undefined && until > now;
  return {
    sentence: t(`pause.${code}.sentence`, detail),
    since: t('hybrid.since', { time: dayText(since, now) }),
    end: isAhead
      ? t('hybrid.endsAt', { time: dayText(until, now), left: formatTimeLeft(until - now) })
      : t(`pause.${code}.end`, detail),
  };
}

/** When all of a pause's reasons are over by themselves; null while one of them does not tell. */
export function pausedUntil(state: Extract<NodeState, { state: 'paused' }>): number | null {
  const untils = state.reasons.map(({ until }) => until);
  return untils.every((until) => until !== undefined) ? Math.max(...untils) : null;
}

/** What the operator's own button ends; other reasons end with their cause. */
export const canResume = (reasons: readonly PauseReason[]): boolean =>
  reasons.some(({ code }) => code === 'operator' || code === 'lost-jobs');
