import type { BudgetWarning } from '#contract/provider.ts';
import { type BudgetLimits, periodStarts } from './budget.ts';

/** At this share of a budget the operator is warned. */
const warnShare = 0.8;

/** What was spent under one set of budgets, in micro-dollars; `provider` null: by all of them together. */
export interface BudgetUse {
  provider: string | null;
  spent: { dayMicroUsd: number; monthMicroUsd: number };
  limits: BudgetLimits;
}

/** Budgets that come to their end, the furthest first. A budget of 0 is a stop that the operator wants, and no news. */
export function budgetWarnings(uses: readonly BudgetUse[]): BudgetWarning[] {
  return uses
    .flatMap(({ provider, spent, limits }): BudgetWarning[] => [
      ...warning(provider, 'day', spent.dayMicroUsd, limits.dayBudgetMicroUsd),
      ...warning(provider, 'month', spent.monthMicroUsd, limits.monthBudgetMicroUsd),
    ])
    .sort((one, other) => shareOf(other) - shareOf(one));
}

function warning(
  provider: string | null,
  period: BudgetWarning['period'],
  spentMicroUsd: number,
  budgetMicroUsd: number | null,
): BudgetWarning[] {
  if (!budgetMicroUsd || spentMicroUsd < budgetMicroUsd * warnShare) return [];
  return [{ provider, period, spentMicroUsd, budgetMicroUsd }];
}

const shareOf = ({ spentMicroUsd, budgetMicroUsd }: BudgetWarning) => spentMicroUsd / budgetMicroUsd;

/** Tells of each budget once a day or month, and once more when it is changed and comes to its end again. */
export function createBudgetWatch(tell: (warning: BudgetWarning) => void) {
  const told = new Set<string>();
  return (nowMs: number, warnings: readonly BudgetWarning[]): void => {
    const starts = periodStarts(nowMs);
    for (const one of warnings) {
      const key = [one.provider, one.period, one.budgetMicroUsd, starts[one.period]].join(' ');
      if (told.has(key)) continue;
      told.add(key);
      tell(one);
    }
  };
}
