import type { Manners } from '#contract/manners.ts';
import type { PauseReason } from '#contract/node-status.ts';
import type { PowerBalance } from '#contract/resources.ts';
import { follow, type Hold } from './turning.ts';

const dwell = { onMs: 5 * 60_000, offMs: 5 * 60_000 };
/** Who rests earns nothing, so whether it would pay again is only seen by trying. */
export const priceRetryMs = 60 * 60_000;
const mostAgeMs = 10 * 60_000;

/** A rest for the price of electricity, with the pace of earning and the power of when it began. */
export interface PriceHold extends Hold {
  watts: number;
  earnedMicroUsdPerHour: number;
  detail: PauseReason['detail'];
}

/** Whether work costs more than it earns: watts × price against earnings, micro-dollars an hour. Unknown figures never do. */
export function followPrice(
  before: PriceHold | null,
  settings: Manners,
  balance: PowerBalance | null,
  now: number,
): PriceHold | null {
  const { pauseBelowPowerCost, powerMicroUsdPerKwh } = settings;
  if (!pauseBelowPowerCost || powerMicroUsdPerKwh === null) return null;
  const costOf = (watts: number) => (watts * powerMicroUsdPerKwh) / 1000;
  if (before?.since != null) {
    if (now >= before.since + priceRetryMs) return null;
    const next = follow(before, costOf(before.watts) > before.earnedMicroUsdPerHour, now, dwell);
    return next && { ...before, ...next };
  }
  const watts = balance?.watts ?? Number.NaN;
  const earned = balance?.earnedMicroUsdPerHour ?? Number.NaN;
  const isKnown = watts >= 0 && Number.isFinite(watts) && Number.isFinite(earned);
  const isFresh = balance !== null && now - balance.at <= mostAgeMs;
  const isLoss = isKnown && isFresh ? costOf(watts) > Math.max(0, earned) : null;
  const next = follow(before, isLoss, now, dwell);
  const detail = { costMicroUsd: Math.round(costOf(watts)), earnedMicroUsd: Math.round(earned) };
  return next && { ...next, watts, earnedMicroUsdPerHour: Math.max(0, earned), detail };
}
