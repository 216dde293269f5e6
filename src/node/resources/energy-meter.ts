import type { Resources } from '#contract/resources.ts';
import type { Clock } from '../clock.ts';
import type { EnergyRow } from '../ledger/energy.ts';
import type { Signal } from '../signal.ts';

/** A row is of at most this long. */
const rowMs = 5 * 60_000;
/** A longer gap between two readings is a computer that slept. */
const mostGapMs = 30_000;
/** A milliwatt-hour in milliwatt-milliseconds. */
const milliwattHour = 3_600_000;

export interface EnergyMeter {
  /** Pico-dollars of what is counted and not written yet. */
  pendingPicoUsd(): bigint;
  dispose(): void;
}

/**
 * Adds up what the computer draws while the node works and writes it down: at each change of price or source, at midnight, when the
 * work ends, and every 5 minutes. What is less than a milliwatt-hour waits for the next row.
 */
export function createEnergyMeter(parts: {
  clock: Clock;
  resources: Signal<Resources>;
  isWorking(): boolean;
  /** Micro-dollars a kWh; null: energy is counted and costs nothing. */
  microUsdPerKwh(): number | null;
  append(row: EnergyRow): void;
  onFault(error: unknown): void;
}): EnergyMeter {
  let last: { at: number; isWorking: boolean } | null = null;
  let open: (Pick<EnergyRow, 'microUsdPerKwh' | 'isMeasured'> & { since: number }) | null = null;
  let milliwattMs = 0;

  const milliwattHours = () => Math.floor(milliwattMs / milliwattHour);

  function close(): void {
    const row = open;
    open = null;
    const amount = milliwattHours();
    if (!row || amount === 0) return;
    try {
      parts.append({
        at: row.since,
        milliwattHours: amount,
        microUsdPerKwh: row.microUsdPerKwh,
        isMeasured: row.isMeasured,
      });
      milliwattMs -= amount * milliwattHour;
    } catch (error) {
      // What could not be written stays counted and goes into the next row.
      parts.onFault(error);
    }
  }

  function add({ at, power }: Resources): void {
    const before = last;
    last = { at, isWorking: parts.isWorking() };
    const ms = before === null ? 0 : at - before.at;
    if (!before?.isWorking || power === null || ms <= 0 || ms > mostGapMs) {
      if (!last.isWorking || power === null || ms > mostGapMs || ms < 0) close();
      return;
    }
    const microUsdPerKwh = parts.microUsdPerKwh();
    const isMeasured = power.source === 'measured';
    const isSame =
      open?.microUsdPerKwh === microUsdPerKwh && open.isMeasured === isMeasured && sameDay(open.since, at);
    if (open && !isSame) close();
    open ??= { since: before.at, microUsdPerKwh, isMeasured };
    if (!sameDay(open.since, at)) open.since = at;
    milliwattMs += Math.round(power.watts * 1000) * ms;
    if (at - open.since >= rowMs || !last.isWorking) close();
  }

  const end = parts.resources.subscribe(add);
  return {
    pendingPicoUsd: () => BigInt(milliwattHours()) * BigInt(open?.microUsdPerKwh ?? 0),
    dispose() {
      end();
      close();
    },
  };
}

const sameDay = (one: number, other: number): boolean =>
  new Date(one).toDateString() === new Date(other).toDateString();
