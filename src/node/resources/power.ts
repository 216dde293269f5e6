import type { Gpu, PowerBalance, Resources } from '#contract/resources.ts';
import { watts as plausible } from './figure.ts';

/** What GPUs and processor draw together where anything measures it, else what the operator assumes; null where neither. */
export function powerOf(
  gpus: readonly Pick<Gpu, 'powerWatts'>[],
  packageWatts: number | null,
  assumedWatts: number | null,
): Resources['power'] {
  const measured = [...gpus.map(({ powerWatts }) => powerWatts), packageWatts].filter(
    (watts) => plausible(watts) !== null,
  ) as number[];
  if (measured.length > 0)
    return { watts: Math.round(measured.reduce((sum, one) => sum + one, 0) * 10) / 10, source: 'measured' };
  return assumedWatts === null ? null : { watts: assumedWatts, source: 'assumed' };
}

/** An hour at the present pace in micro-dollars. What is not known, or nothing but test credits, leaves its part null. */
export function balanceOf(input: {
  at: number;
  power: Resources['power'];
  microUsdPerKwh: number | null;
  /** The forecast of the next 24 hours, in lamports. */
  forecastLamports: string | null;
  /** Micro-dollars for a SOL; null while unknown or stale. */
  solMicroUsd: number | null;
  testCredits: boolean;
  todayCostMicroUsd: number;
}): PowerBalance {
  const { power, microUsdPerKwh, forecastLamports, solMicroUsd } = input;
  const cost =
    power === null || microUsdPerKwh === null ? null : whole((power.watts * microUsdPerKwh) / 1000);
  const earned =
    forecastLamports === null || solMicroUsd === null || input.testCredits
      ? null
      : whole((Number(BigInt(forecastLamports)) / 24 / 1e9) * solMicroUsd);
  return {
    at: input.at,
    watts: power?.watts ?? null,
    source: power?.source ?? null,
    costMicroUsdPerHour: cost,
    earnedMicroUsdPerHour: earned,
    netMicroUsdPerHour: cost === null || earned === null ? null : earned - cost,
    todayCostMicroUsd: input.todayCostMicroUsd,
  };
}

/** Negative zero is no price. */
const whole = (microUsd: number): number => Math.round(microUsd) || 0;
