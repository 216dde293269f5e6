import { microUsdPerBillion } from '#contract/assets.ts';
import type { EarningsSummary } from '#contract/earnings.ts';
import type { NodeState, NodeStatus } from '#contract/node-status.ts';
import type { ProxyStatus } from '#contract/provider.ts';
import type { EnergyDay, PowerBalance, Resources } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import type { Clock } from '../clock.ts';
import { type EnergyBook, roundedMicroUsd } from '../ledger/energy.ts';
import { createSignal, type Signal } from '../signal.ts';
import { createEnergyMeter } from './energy-meter.ts';
import { balanceOf } from './power.ts';

/** States in which the computer runs for the node. */
const working: readonly NodeState['state'][] = ['earning', 'draining'];

export interface Electricity {
  /** What an hour brings and costs, with each reading of the machine. */
  balance: Signal<PowerBalance>;
  /** Of the last days, today among them; days on which the node did not work are left out. */
  days(count: number): EnergyDay[];
  dispose(): void;
}

/** What the work's electricity takes of what it earns, and the book of it. */
export function openElectricity(parts: {
  clock: Clock;
  resources: Signal<Resources>;
  settings: Signal<Pick<Settings, 'powerMicroUsdPerKwh'>>;
  earnings: Signal<Pick<EarningsSummary, 'forecastLamports' | 'asset'>>;
  book: EnergyBook;
  node: Signal<Pick<NodeStatus, 'testCredits'> & { state: Pick<NodeState, 'state'> }>;
  proxy: Signal<Pick<ProxyStatus, 'solPrice'>>;
  onFault(error: unknown): void;
}): Electricity {
  const { clock, book } = parts;
  let today = { midnight: Number.NaN, costPicoUsd: 0n };

  /** The book is read once a day and once a row, not with each reading. */
  function writtenToday(): bigint {
    const midnight = localMidnight(clock.now());
    if (midnight !== today.midnight) today = { midnight, costPicoUsd: book.costSince(midnight) };
    return today.costPicoUsd;
  }

  const meter = createEnergyMeter({
    clock,
    resources: parts.resources,
    isWorking: () => working.includes(parts.node.get().state.state),
    microUsdPerKwh: () => parts.settings.get().powerMicroUsdPerKwh,
    append(row) {
      book.append(row);
      today.midnight = Number.NaN;
    },
    onFault: parts.onFault,
  });

  function read({ at, power }: Resources): PowerBalance {
    const { solPrice } = parts.proxy.get();
    const { forecastLamports, asset } = parts.earnings.get();
    const solMicroUsd = solPrice && !solPrice.isStale ? solPrice.microUsd : null;
    return balanceOf({
      at,
      power,
      microUsdPerKwh: parts.settings.get().powerMicroUsdPerKwh,
      forecastLamports,
      solMicroUsd: microUsdPerBillion(asset, solMicroUsd),
      testCredits: parts.node.get().testCredits,
      todayCostMicroUsd: roundedMicroUsd(writtenToday() + meter.pendingPicoUsd()),
    });
  }

  const balance = createSignal(read(parts.resources.get()));
  const end = parts.resources.subscribe((reading) => balance.set(read(reading)));
  return {
    balance,
    days: (count) => book.days(localMidnight(clock.now(), count - 1)),
    dispose() {
      end();
      meter.dispose();
    },
  };
}

/** Midnight of so many days ago, by the local calendar: a day may have 23 or 25 hours. */
function localMidnight(now: number, daysAgo = 0): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - daysAgo).getTime();
}
