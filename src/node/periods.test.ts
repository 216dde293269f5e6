import { expect, test } from 'vitest';
import { periodStart } from './periods.ts';

test('a period begins at a local midnight, also where clocks are changed within it', () => {
  for (const now of [new Date(2026, 2, 30, 15), new Date(2026, 9, 26, 3), new Date(2026, 0, 1, 0, 0, 1)])
    for (const [period, back] of [
      ['today', 0],
      ['7', 6],
      ['30', 29],
    ] as const) {
      const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() - back).getTime();
      expect(periodStart(period, now.getTime())).toBe(midnight);
    }
  expect(periodStart('all', Date.now())).toBe(0);
});
