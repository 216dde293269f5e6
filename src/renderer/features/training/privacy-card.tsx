import { useTranslation } from 'react-i18next';
import type { PrivacyStatus } from '#contract/training.ts';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { LevelMeter } from '../../ui/level-meter.tsx';
import { BudgetForm } from './budget-form.tsx';
import { formatEpsilon } from './figures.ts';

/** How much of the privacy budget is spent, on which tasks, and what that means. */
export function PrivacyCard({ privacy }: { privacy: PrivacyStatus }) {
  const { t } = useTranslation();
  const { budgetEpsilon, delta, spentEpsilon, tasks, error } = privacy;
  const share = budgetEpsilon === 0 ? 1 : spentEpsilon / budgetEpsilon;
  return (
    <Card title={t('training.privacy.title')}>
      {error ? (
        <ErrorNote error={error} />
      ) : (
        <LevelMeter
          label={t(share >= 1 ? 'training.privacy.allSpent' : 'training.privacy.spent')}
          text={t('training.privacy.ofBudget', {
            spent: formatEpsilon(spentEpsilon),
            budget: budgetEpsilon.toLocaleString('en'),
            delta: delta.toLocaleString('en', { maximumFractionDigits: 12 }),
          })}
          share={share}
        />
      )}
      <p className="mt-2.5 text-xs text-dim">{t('training.privacy.meaning')}</p>
      {tasks.length > 0 && (
        <table className="mt-3 w-full border-collapse text-sm">
          <thead className="text-xs text-dim">
            <tr>
              <th scope="col" className="py-1 text-start font-normal">
                {t('training.task')}
              </th>
              <th scope="col" className="py-1 text-end font-normal">
                {t('training.privacy.rounds')}
              </th>
              <th scope="col" className="py-1 ps-4 text-end font-normal">
                {t('training.privacy.epsilon')}
              </th>
            </tr>
          </thead>
          <tbody>
            {tasks.map(({ taskId, name, epsilon, rounds }) => (
              <tr key={taskId} className="border-t border-line">
                <td className="max-w-0 min-w-24 truncate py-1">{name}</td>
                <td className="w-16 py-1 text-end">{rounds}</td>
                <td className="w-20 py-1 ps-4 text-end">{formatEpsilon(epsilon)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <BudgetForm key={budgetEpsilon} budgetEpsilon={budgetEpsilon} />
    </Card>
  );
}
