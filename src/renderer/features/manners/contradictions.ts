import type { LimitSet } from '#contract/manners.ts';
import type { Resources } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';

/** A setting that is right by itself and odd beside another, or beside how this computer is now. */
export interface Contradiction {
  field: keyof Settings | `limitsInUse.${keyof LimitSet}`;
  code: 'in-use-above-idle' | 'cost-without-watts' | 'too-hot-now' | 'cap-reached' | 'less-disk-free';
  values: Record<string, number>;
}

/** The sentence about a field that does not go together with another; null where all is well. */
export type Warn = (field: Contradiction['field']) => string | null;

const noLimit = Number.POSITIVE_INFINITY;
const limitNames = ['cpuPercent', 'ramPercent', 'gpuMemoryPercent', 'networkMbps'] as const;
const gigabyte = 1e9;

/** What does not go together; each is a warning beside its field and keeps nothing from being stored. */
export function contradictions(settings: Settings, reading: Resources | undefined): Contradiction[] {
  const { limitsInUse, limitsIdle } = settings;
  const found: Contradiction[] = limitNames
    .filter((name) => (limitsInUse[name] ?? noLimit) > (limitsIdle[name] ?? noLimit))
    .map((name) => ({
      field: `limitsInUse.${name}`,
      code: 'in-use-above-idle',
      values: { idle: limitsIdle[name] ?? 0 },
    }));
  if (!reading) return found;
  if (settings.powerMicroUsdPerKwh !== null && settings.assumedWatts === null && reading.power === null)
    found.push({ field: 'assumedWatts', code: 'cost-without-watts', values: {} });
  const hottest = Math.max(
    ...[reading.cpu.tempC, ...reading.gpus.map(({ tempC }) => tempC)].map((t) => t ?? 0),
  );
  if (hottest >= settings.mostTempC)
    found.push({ field: 'mostTempC', code: 'too-hot-now', values: { tempC: Math.round(hottest) } });
  const usedGb = reading.network.monthBytes / gigabyte;
  if (settings.monthlyNetworkGigabytes !== null && usedGb >= settings.monthlyNetworkGigabytes)
    found.push({ field: 'monthlyNetworkGigabytes', code: 'cap-reached', values: {} });
  if (reading.disk && reading.disk.freeBytes < settings.diskReserveGigabytes * gigabyte)
    found.push({
      field: 'diskReserveGigabytes',
      code: 'less-disk-free',
      values: { freeGb: Math.floor(reading.disk.freeBytes / gigabyte) },
    });
  return found;
}
