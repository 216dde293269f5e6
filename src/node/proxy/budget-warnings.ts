import type { BudgetWarning } from '#contract/provider.ts';
import { type BudgetLimits, periodStarts } from './budget.ts';

/** At this share of a budget the operator is warned. */
const warnShare = 0.8;

/** Budgets and what was spent of them, in micro-dollars. */
interface BudgetUse extends BudgetLimits {
  spent: { dayMicroUsd: number; monthMicroUsd: number };
}

/** Budgets that come to their end, the furthest first. A budget of 0 is a stop that the operator wants, and no news. */
export function budgetWarnings(
  all: BudgetUse,
  providers: readonly (BudgetUse & { id: string })[],
): BudgetWarning[] {
  return [{ ...all, id: null }, ...providers]
    .flatMap(({ id, spent, dayBudgetMicroUsd, monthBudgetMicroUsd }): BudgetWarning[] => [
      ...warning(id, 'day', spent.dayMicroUsd, dayBudgetMicroUsd),
      ...warning(id, 'month', spent.monthMicroUsd, monthBudgetMicroUsd),
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
