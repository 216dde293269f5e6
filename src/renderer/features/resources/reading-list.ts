import type { Resources } from '#contract/resources.ts';

/** How far back the graphs go. */
const windowMs = 10 * 60_000;

/** Adds readings to those at hand: by time, each once, none older than ten minutes before the newest. */
export function withReadings(list: readonly Resources[], added: readonly Resources[]): readonly Resources[] {
  const byTime = new Map<number, Resources>();
  for (const reading of list) byTime.set(reading.at, reading);
  for (const reading of added) byTime.set(reading.at, reading);
  const all = [...byTime.values()].sort((a, b) => a.at - b.at);
  const newest = all.at(-1)?.at ?? 0;
  return all.filter((reading) => reading.at > newest - windowMs);
}
