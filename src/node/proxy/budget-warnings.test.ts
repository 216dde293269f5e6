import { expect, test } from 'vitest';
import { budgetWarnings, createBudgetWatch } from './budget-warnings.ts';

const use = (id: string, day: number, budget: number | null, month = 0) => ({
  id,
  spent: { dayMicroUsd: day, monthMicroUsd: month },
  dayBudgetMicroUsd: budget,
  monthBudgetMicroUsd: 1000,
});
const nothing = use('', 0, null);

test('from 80 % on a budget is warned of, the furthest first; one of 0 or none never', () => {
  expect(budgetWarnings(use('', 99, 100, 1200), [use('a', 79, 100), use('b', 80, 100)])).toEqual([
    { provider: null, period: 'month', spentMicroUsd: 1200, budgetMicroUsd: 1000 },
    { provider: null, period: 'day', spentMicroUsd: 99, budgetMicroUsd: 100 },
    { provider: 'b', period: 'day', spentMicroUsd: 80, budgetMicroUsd: 100 },
  ]);
  expect(budgetWarnings(nothing, [use('a', 5, 0), use('b', 5, null)])).toEqual([]);
});

test('each is told once a day, and again when the budget was raised and comes to its end', () => {
  const told: number[] = [];
  const watch = createBudgetWatch(({ budgetMicroUsd }) => told.push(budgetMicroUsd));
  const noon = new Date(2026, 10, 24, 12).getTime();
  const dayMs = 86_400_000;
  const near = (spent: number, budget: number) => budgetWarnings(nothing, [use('a', spent, budget)]);
  watch(noon, near(80, 100));
  watch(noon + 1000, near(90, 100));
  watch(noon + 2000, near(95, 200));
  watch(noon + 3000, near(160, 200));
  expect(told).toEqual([100, 200]);
  watch(noon + dayMs, near(160, 200));
  expect(told).toEqual([100, 200, 200]);
});
