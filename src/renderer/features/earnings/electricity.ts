import { type EnergyDay, mostEnergyDays } from '#contract/resources.ts';
import type { Result } from '#contract/result.ts';

/** `YYYY-MM-DD` of an instant by this computer's clock. */
export function localDay(at: number): string {
  const day = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** Older days change no more. */
const changingDays = 31;

/** Reads all days once, and then but the newest again, unless they do not join on to those; null while they are not known. */
export function energyReader(
  ask: (days: number) => Promise<Result<EnergyDay[]>>,
): () => Promise<readonly EnergyDay[] | null> {
  let known: readonly EnergyDay[] | null = null;
  return async () => {
    if (known) {
      const newest = await ask(changingDays);
      const first = newest.ok ? newest.data[0]?.day : undefined;
      if (!newest.ok || first === undefined) return known;
      const isJoined = (known.at(-1)?.day ?? '') >= first;
      if (isJoined) {
        known = [...known.filter(({ day }) => day < first), ...newest.data];
        return known;
      }
    }
    const all = await ask(mostEnergyDays);
    if (all.ok) known = all.data;
    return known;
  };
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
