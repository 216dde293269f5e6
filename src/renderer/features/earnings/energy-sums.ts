import type { EnergyDay } from '#contract/resources.ts';

export interface EnergySum {
  wattHours: number;
  costMicroUsd: number;
  /** Whether the watts were measured: on all of the days, on some, or on none. */
  measured: 'all' | 'partly' | 'assumed';
}

/** `YYYY-MM-DD` of a local day, so many days before the one of `now`. */
function localDay(now: number, before: number): string {
  const day = new Date(now);
  day.setHours(12, 0, 0, 0);
  day.setDate(day.getDate() - before);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** Electricity of the last `days` local days, today among them. */
export function energyOf(all: readonly EnergyDay[], days: number, now: number): EnergySum {
  const first = localDay(now, days - 1);
  const last = localDay(now, 0);
  const within = all.filter(({ day }) => day >= first && day <= last);
  const measured = within.filter(({ isMeasured }) => isMeasured).length;
  return {
    wattHours: within.reduce((sum, { wattHours }) => sum + wattHours, 0),
    costMicroUsd: within.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0),
    measured: measured === within.length ? 'all' : measured > 0 ? 'partly' : 'assumed',
  };
}
