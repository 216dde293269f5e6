import { useTranslation } from 'react-i18next';
import { formatMicroUsd } from '../../lib/format.ts';
import { LevelMeter } from '../../ui/level-meter.tsx';

interface BudgetMeterProps {
  label: string;
  spentMicroUsd: number;
  /** Null: no budget, and no bar. */
  budgetMicroUsd: number | null;
}

/** What was spent of a budget. A budget of 0 is spent from the start. */
export function BudgetMeter({ label, spentMicroUsd, budgetMicroUsd }: BudgetMeterProps) {
  const { t } = useTranslation();
  const spent = formatMicroUsd(spentMicroUsd, 3);
  if (budgetMicroUsd === null) return <LevelMeter label={label} text={spent} share={null} />;
  const share = budgetMicroUsd === 0 ? 1 : spentMicroUsd / budgetMicroUsd;
  const text = t(share >= 1 ? 'providers.budgetSpent' : 'providers.ofBudget', {
    spent,
    budget: formatMicroUsd(budgetMicroUsd, 3),
    percent: Math.floor(share * 100),
  });
  return <LevelMeter label={label} text={text} share={share} />;
}
