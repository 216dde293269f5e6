import type { TFunction } from 'i18next';
import type { Week } from '#contract/manners.ts';
import {
  type Cell,
  cellAt,
  dayGroups,
  halfHours,
  halfHoursToChange,
  isAllowed,
  type Span,
} from './schedule-week.ts';

/** `13:30`; the end of a day is 24:00. */
export const slotTime = (slot: number): string =>
  `${String(Math.floor(slot / 2)).padStart(2, '0')}:${slot % 2 === 0 ? '00' : '30'}`;

const dayShort = (day: number, t: TFunction) => t(`manners.dayShort.${day}`);
export const dayName = (day: number, t: TFunction) => t(`manners.day.${day}`);

function spansText(spans: readonly Span[], t: TFunction): string {
  const [first] = spans;
  if (!first) return t('manners.never');
  if (first.fromSlot === 0 && first.toSlot === halfHours) return t('manners.allDay');
  return spans.map(({ fromSlot, toSlot }) => `${slotTime(fromSlot)}–${slotTime(toSlot)}`).join(', ');
}

/** The week in words: `Mon–Fri 00:00–07:00, 22:00–24:00 · Sat–Sun all day`. */
export const weekText = (week: Week, t: TFunction): string =>
  dayGroups(week)
    .map(({ first, last, spans }) => {
      const days =
        first === last
          ? dayShort(first, t)
          : t('manners.days', { first: dayShort(first, t), last: dayShort(last, t) });
      return `${days} ${spansText(spans, t)}`;
    })
    .join(' · ');

/** Whether it is allowed now, and until when that holds. */
export function nowText(week: Week, now: number, t: TFunction): string {
  const cell = cellAt(now);
  const state = isAllowed(week, cell) ? 'allowed' : 'notAllowed';
  const ahead = halfHoursToChange(week, cell);
  if (ahead === null) return t(`manners.nowAlways.${state}`);
  const at = cell.day * halfHours + cell.slot + ahead;
  const day = Math.floor(at / halfHours) % 7;
  const time = slotTime(at % halfHours);
  const until = day === cell.day && ahead < halfHours ? time : `${dayShort(day, t)} ${time}`;
  return t(`manners.nowUntil.${state}`, { until });
}

/** One half hour, for those who hear it. */
export const cellText = (week: Week, { day, slot }: Cell, t: TFunction): string =>
  t(isAllowed(week, { day, slot }) ? 'manners.cell.allowed' : 'manners.cell.notAllowed', {
    day: dayName(day, t),
    from: slotTime(slot),
    to: slotTime(slot + 1),
  });
