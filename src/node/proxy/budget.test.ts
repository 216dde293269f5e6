import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Budget } from './budget.ts';

test('promises side by side never pass a budget together', () => {
  const step = fc.record({
    most: fc.bigInt({ min: 0n, max: 400_000n }),
    share: fc.integer({ min: 0, max: 100 }),
    ends: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const budget = new Budget({ day: 0n, month: 0n }, 0);
      const limits = { dayBudgetMicroUsd: 1, monthBudgetMicroUsd: null };
      const open: (() => void)[] = [];
      for (const { most, share, ends } of steps) {
        if (ends) open.shift()?.();
        if (budget.exceeded(0, most, limits)) continue;
        const takeBack = budget.promise(most);
        open.push(() => {
          takeBack();
          takeBack();
          budget.spend(0, (most * BigInt(share)) / 100n);
        });
      }
      for (const end of open) end();
      expect(budget.spent(0).day).toBeLessThanOrEqual(1_000_000n);
    }),
  );
});

test('a day’s budget begins anew at midnight, a month’s on the first, and neither when the clock is set back', () => {
  const at = (day: number, hour = 12) => new Date(2026, 10, day, hour).getTime();
  const budget = new Budget({ day: 0n, month: 0n }, at(29));
  budget.spend(at(29), 5n);
  budget.spend(at(30), 7n);
  expect(budget.spent(at(30))).toEqual({ day: 7n, month: 12n });
  expect(budget.spent(at(28))).toEqual({ day: 7n, month: 12n });
  expect(budget.spent(at(31))).toEqual({ day: 0n, month: 0n });
});
