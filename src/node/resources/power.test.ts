import { expect, test } from 'vitest';
import { balanceOf, powerOf } from './power.ts';

const balance = (more: Partial<Parameters<typeof balanceOf>[0]> = {}) =>
  balanceOf({
    at: 0,
    power: { watts: 200, source: 'measured' },
    microUsdPerKwh: 300_000,
    forecastLamports: '24000000',
    solMicroUsd: 150_000_000,
    testCredits: false,
    todayCostMicroUsd: 0,
    ...more,
  });

test('what is measured is added up; else it is what the operator assumes, else nothing', () => {
  const gpu = (powerWatts: number | null) => ({ powerWatts });
  expect(powerOf([gpu(142.1), gpu(null)], 35.5, 500)).toEqual({ watts: 177.6, source: 'measured' });
  expect(powerOf([gpu(null)], null, 500)).toEqual({ watts: 500, source: 'assumed' });
  expect(powerOf([], null, null)).toBeNull();
  expect(powerOf([gpu(Number.NaN)], null, null)).toBeNull();
});

test('an hour costs its energy and brings a 24th of the forecast, in micro-dollars', () => {
  // 0.2 kWh at 0.30 USD; 0.001 SOL at 150 USD.
  expect(balance()).toMatchObject({
    costMicroUsdPerHour: 60_000,
    earnedMicroUsdPerHour: 150_000,
    netMicroUsdPerHour: 90_000,
  });
});

test('where using power is paid for, it adds to what is earned', () => {
  expect(balance({ microUsdPerKwh: -50_000 })).toMatchObject({
    costMicroUsdPerHour: -10_000,
    netMicroUsdPerHour: 160_000,
  });
});

test('what is not known leaves its part open; test credits are worth nothing', () => {
  expect(balance({ power: null })).toMatchObject({ watts: null, source: null, costMicroUsdPerHour: null });
  expect(balance({ microUsdPerKwh: null })).toMatchObject({
    costMicroUsdPerHour: null,
    netMicroUsdPerHour: null,
  });
  for (const unknown of [{ solMicroUsd: null }, { forecastLamports: null }, { testCredits: true }])
    expect(balance(unknown)).toMatchObject({
      costMicroUsdPerHour: 60_000,
      earnedMicroUsdPerHour: null,
      netMicroUsdPerHour: null,
    });
});
