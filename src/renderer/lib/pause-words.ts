import type { TFunction } from 'i18next';
import type { PauseReason } from '#contract/node-status.ts';
import { formatMicroUsd, formatMoment, formatTime } from './format.ts';

/** Figures that a reason's full sentence needs; without them it has a plainer one. */
const needs: Partial<Record<PauseReason['code'], string>> = {
  'exclusive-app': 'program',
  'full-screen': 'program',
  temperature: 'tempC',
};

/** A reason to pause in words: what it is, and when it ends. */
export function pauseWords(
  { code, until, detail }: PauseReason,
  t: TFunction,
  now: number,
): { title: string; sentence: string; end: string } {
  const words = `pause.${code}`;
  const needed = needs[code];
  const figures = {
    ...detail,
    ...(until === undefined ? {} : { time: timeOf(until, now) }),
    ...(typeof detail.error === 'string' ? { error: t(`errors.${detail.error}.title`) } : {}),
    ...(typeof detail.costMicroUsd === 'number' ? { cost: formatMicroUsd(detail.costMicroUsd) } : {}),
    ...(typeof detail.earnedMicroUsd === 'number' ? { earned: formatMicroUsd(detail.earnedMicroUsd) } : {}),
  };
  const isPlain = needed !== undefined && detail[needed] === undefined;
  const endAt = until === undefined ? '' : t(`${words}.endAt`, { ...figures, defaultValue: '' });
  return {
    title: t(`${words}.title`, figures),
    sentence: t(`${words}.${isPlain ? 'plain' : 'sentence'}`, figures),
    end: endAt || t(`${words}.end`, figures),
  };
}

/** The time alone for today, with the day for later. */
const timeOf = (at: number, now: number): string =>
  new Date(at).toDateString() === new Date(now).toDateString()
    ? formatTime(at).slice(0, 5)
    : formatMoment(at);
