import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { BudgetWarning } from '#contract/provider.ts';
import { formatMicroUsd } from '../../lib/format.ts';

/** Which budgets come to their end, and what that means. */
export function BudgetNotice({ warnings }: { warnings: readonly BudgetWarning[] }) {
  const { t } = useTranslation();
  return (
    <div role="status" className="flex gap-2.5 rounded-lg border border-warn/45 px-3.5 py-2.5 text-sm">
      <TriangleAlert size={16} aria-hidden className="mt-0.5 shrink-0 text-warn" />
      <div className="min-w-0">
        <strong className="font-medium text-warn">{t('providers.warning.title')}</strong>
        <ul>
          {warnings.map(({ provider, period, spentMicroUsd, budgetMicroUsd }) => (
            <li key={`${provider} ${period}`}>
              {t(`providers.warning.${period}`, {
                provider: provider ?? t('providers.warning.all'),
                spent: formatMicroUsd(spentMicroUsd, 3),
                budget: formatMicroUsd(budgetMicroUsd, 3),
                percent: Math.floor((spentMicroUsd / budgetMicroUsd) * 100),
              })}
            </li>
          ))}
        </ul>
        <p className="text-dim">{t('providers.warning.text')}</p>
      </div>
    </div>
  );
}
