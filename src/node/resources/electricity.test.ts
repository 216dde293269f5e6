import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { Resources } from '#contract/resources.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { sampleReading } from '#testing/sample-machine.ts';
import { roundedMicroUsd } from '../ledger/energy.ts';
import { type Ledger, openLedger } from '../ledger/ledger.ts';
import { createSignal } from '../signal.ts';
import { openElectricity } from './electricity.ts';

let opened: Ledger | null = null;
afterEach(() => {
  opened?.close();
  opened = null;
});

/** Noon, local. */
const noon = new Date(2026, 0, 10, 12).getTime();

function start({ watts = 360, at = noon, isWorking = true } = {}) {
  const time = createFakeClock(at);
  const ledger = openLedger(':memory:', { clock: time.clock });
  opened = ledger;
  const settings = createSignal<{ powerMicroUsdPerKwh: number | null }>({ powerMicroUsdPerKwh: 300_000 });
  let power: Resources['power'] = { watts, source: 'measured' };
  const reading = () => sampleReading({ at: time.clock.now(), power });
  const resources = createSignal(reading());
  const faults: unknown[] = [];
  const state = { isWorking };
  const electricity = openElectricity({
    clock: time.clock,
    resources,
    settings,
    earnings: createSignal({ forecastLamports: null, asset: 'SOL' }),
    book: ledger.energy,
    node: {
      get: () => ({ testCredits: false, state: { state: state.isWorking ? 'earning' : 'stopped' } }),
      subscribe: () => () => {},
    },
    proxy: createSignal({ solPrice: null }),
    onFault: (error) => faults.push(error),
  });
  return {
    ledger,
    settings,
    state,
    faults,
    electricity,
    setPower(next: Resources['power']) {
      power = next;
    },
    pass(seconds: number, stepSeconds = 2) {
      for (let passed = 0; passed < seconds; passed += stepSeconds) {
        time.advance(stepSeconds * 1000);
        resources.set(reading());
      }
    },
  };
}

test('an hour at 360 W is 360 Wh and costs their price, to the micro-dollar', () => {
  const { pass, electricity } = start();
  pass(3600);
  expect(electricity.days(1)).toEqual([
    { day: '2026-01-10', wattHours: 360, costMicroUsd: 108_000, isMeasured: true },
  ]);
  expect(electricity.balance.get().todayCostMicroUsd).toBe(108_000);
});

test('what was used at one price keeps it; a negative price pays', () => {
  const { pass, settings, electricity } = start();
  pass(1800);
  settings.set({ powerMicroUsdPerKwh: -100_000 });
  pass(1800);
  settings.set({ powerMicroUsdPerKwh: null });
  pass(1800);
  electricity.dispose();
  const [day] = electricity.days(1);
  expect(day?.wattHours).toBeCloseTo(540, 2);
  // 0.18 kWh at 0.30 and as much at −0.10; a price goes by readings, so one of them may count to the next.
  expect(day?.costMicroUsd).toBeGreaterThan(35_900);
  expect(day?.costMicroUsd).toBeLessThan(36_100);
});

test('nothing is counted while the node does not work, while power is unknown, or while the computer sleeps', () => {
  const { pass, state, setPower, electricity } = start({ isWorking: false });
  pass(600);
  setPower(null);
  state.isWorking = true;
  pass(600);
  setPower({ watts: 360, source: 'measured' });
  pass(7200, 7200);
  electricity.dispose();
  expect(electricity.days(1)).toEqual([]);
});

test('a day of which a part is assumed is not a measured one', () => {
  const { pass, setPower, electricity } = start();
  pass(600);
  setPower({ watts: 100, source: 'assumed' });
  pass(600);
  electricity.dispose();
  expect(electricity.days(1)).toMatchObject([{ isMeasured: false }]);
});

test('what is used before midnight is of that day, what comes after of the next', () => {
  const { pass, electricity } = start({ at: new Date(2026, 0, 10, 23, 50).getTime() });
  pass(1200);
  electricity.dispose();
  const days = electricity.days(2);
  expect(days.map(({ day }) => day)).toEqual(['2026-01-10', '2026-01-11']);
  for (const { wattHours } of days) expect(wattHours).toBeCloseTo(60, 0);
  expect(electricity.days(1)).toHaveLength(1);
});

test('nothing is rounded away, however small the power and however the rows fall', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          milliwatts: fc.integer({ min: 1, max: 900_000 }),
          seconds: fc.integer({ min: 2, max: 900 }),
        }),
        {
          minLength: 1,
          maxLength: 8,
        },
      ),
      (spans) => {
        const { pass, setPower, electricity } = start();
        let milliwattMs = 0;
        for (const { milliwatts, seconds } of spans) {
          setPower({ watts: milliwatts / 1000, source: 'measured' });
          pass(seconds);
          milliwattMs += milliwatts * Math.ceil(seconds / 2) * 2000;
        }
        electricity.dispose();
        const whole = Math.floor(milliwattMs / 3_600_000);
        const days = electricity.days(1);
        expect(Math.round((days[0]?.wattHours ?? 0) * 1000)).toBe(whole);
        expect(days[0]?.costMicroUsd ?? 0).toBe(roundedMicroUsd(BigInt(whole) * 300_000n));
      },
    ),
    { numRuns: 40 },
  );
});

test('the book can only be added to, and a row it cannot take stays counted', () => {
  const { ledger, pass, electricity, faults } = start();
  pass(290);
  const { append } = ledger.energy;
  ledger.energy.append = () => {
    throw new Error('disk full');
  };
  pass(14);
  expect(faults).toHaveLength(1);
  expect(electricity.days(1)).toEqual([]);
  ledger.energy.append = append;
  pass(400);
  electricity.dispose();
  expect(electricity.days(1)[0]?.wattHours).toBeCloseTo(70.4, 1);
});
