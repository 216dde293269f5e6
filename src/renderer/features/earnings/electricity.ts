import type { EnergyDay } from '#contract/resources.ts';

/** `YYYY-MM-DD` of an instant by this computer's clock. */
export function localDay(at: number): string {
  const day = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** Days that were read before, with what was read again of the newest of them. */
export function withNewest(known: readonly EnergyDay[], newest: readonly EnergyDay[]): readonly EnergyDay[] {
  const first = newest[0]?.day;
  return first === undefined ? known : [...known.filter(({ day }) => day < first), ...newest];
}

/** Micro-dollars of the last so many days, today among them; null where no day is known. */
export function energyCost(
  days: readonly EnergyDay[] | null,
  lastDays: number | 'all',
  now: number,
): bigint | null {
  if (!days || days.length === 0) return null;
  const first = new Date(now);
  if (lastDays !== 'all') first.setDate(first.getDate() - lastDays + 1);
  const from = lastDays === 'all' ? '' : localDay(first.getTime());
  return sum(days.filter(({ day }) => day >= from));
}

/** Micro-dollars of a month, 1–12; null where none of its days is known. */
export function energyOfMonth(days: readonly EnergyDay[] | null, year: number, month: number): bigint | null {
  const beginning = `${year}-${String(month).padStart(2, '0')}-`;
  const found = days?.filter(({ day }) => day.startsWith(beginning)) ?? [];
  return found.length === 0 ? null : sum(found);
}

const sum = (days: readonly EnergyDay[]) =>
  days.reduce((total, { costMicroUsd }) => total + BigInt(costMicroUsd), 0n);
