import type { Period } from '#contract/earnings.ts';

const days: Record<Exclude<Period, 'all'>, number> = { today: 1, '7': 7, '30': 30 };

/** The local midnight at which a period begins, in Unix ms; that of the 7th day before, not 168 hours, where clocks are changed. */
export function periodStart(period: Period, nowMs: number): number {
  if (period === 'all') return 0;
  const day = new Date(nowMs);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - days[period] + 1);
  return day.getTime();
}
