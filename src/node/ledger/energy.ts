import type { Database } from 'better-sqlite3';
import type { EnergyDay } from '#contract/resources.ts';
import { number, write } from './database.ts';

/** Energy of at most 5 minutes from `at` on, all of one local day. */
export interface EnergyRow {
  at: number;
  milliwattHours: number;
  /** Negative where using power is paid for; null where no price is set: it costs nothing then. */
  microUsdPerKwh: number | null;
  isMeasured: boolean;
}

/** What electricity the work took: a part of the ledger. */
export interface EnergyBook {
  /** Throws `ledger/*` and `disk/full`. */
  append(row: EnergyRow): void;
  /** Pico-dollars at or after an instant. */
  costSince(sinceMs: number): bigint;
  /** By local day from that of an instant on, the newest last; days without any are left out. */
  days(sinceMs: number): EnergyDay[];
}

export function openEnergy(database: Database): EnergyBook {
  const insert = database.prepare(
    `INSERT INTO energy (at, milliwatt_hours, micro_usd_per_kwh, cost_pico_usd, is_measured)
     VALUES (@at, @milliwattHours, @microUsdPerKwh, @costPicoUsd, @isMeasured)`,
  );
  const costSince = database.prepare(
    'SELECT COALESCE(SUM(cost_pico_usd), 0) AS cost FROM energy WHERE at >= ?',
  );
  const byDay = database.prepare(
    `SELECT day, milliwatt_hours AS energy, cost_pico_usd AS cost, is_measured AS measured FROM energy_days
     WHERE day >= strftime('%Y-%m-%d', ? / 1000, 'unixepoch', 'localtime') ORDER BY day`,
  );
  return {
    append({ at, milliwattHours, microUsdPerKwh, isMeasured }) {
      const energy = BigInt(milliwattHours);
      // A milliwatt-hour is the millionth part of a kWh, a pico-dollar that of a micro-dollar.
      const costPicoUsd = energy * BigInt(microUsdPerKwh ?? 0);
      write(() =>
        insert.run({
          at: Math.floor(at),
          milliwattHours: energy,
          microUsdPerKwh: microUsdPerKwh === null ? null : BigInt(microUsdPerKwh),
          costPicoUsd,
          isMeasured: Number(isMeasured),
        }),
      );
    },
    costSince: (sinceMs) => (costSince.get(sinceMs) as { cost: bigint }).cost,
    days(sinceMs) {
      const rows = byDay.all(sinceMs) as { day: string; energy: bigint; cost: bigint; measured: bigint }[];
      return rows.map(({ day, energy, cost, measured }) => ({
        day,
        wattHours: number(energy) / 1000,
        costMicroUsd: roundedMicroUsd(cost),
        isMeasured: measured === 1n,
      }));
    },
  };
}

/** Pico-dollars in whole micro-dollars, halves away from zero: what is paid out is rounded as what is paid. */
export const roundedMicroUsd = (pico: bigint): number =>
  Number((pico + (pico < 0n ? -500_000n : 500_000n)) / 1_000_000n);
