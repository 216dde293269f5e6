import { expect, test } from 'vitest';
import { energyOf } from './energy-sums.ts';

const day = (name: string, wattHours: number, isMeasured = true) => ({
  day: name,
  wattHours,
  costMicroUsd: wattHours * 300,
  isMeasured,
});
const noon = new Date(2026, 2, 30, 12).getTime();

test('a period is so many local days with today, over the change of the clocks too', () => {
  const days = [day('2026-03-23', 1), day('2026-03-24', 2), day('2026-03-29', 4), day('2026-03-30', 8)];
  expect(energyOf(days, 1, noon)).toEqual({ wattHours: 8, costMicroUsd: 2400, measured: 'all' });
  expect(energyOf(days, 7, noon).wattHours).toBe(14);
  expect(energyOf(days, 30, noon).wattHours).toBe(15);
});

test('what was assumed is said', () => {
  const days = [day('2026-03-29', 1, false), day('2026-03-30', 1)];
  expect(energyOf(days, 7, noon).measured).toBe('partly');
  expect(energyOf(days.slice(0, 1), 7, noon).measured).toBe('assumed');
});
