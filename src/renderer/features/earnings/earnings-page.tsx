import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ErrorBody } from '#contract/result.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Page } from '../../ui/page.tsx';
import { EarningsChart } from './earnings-chart.tsx';
import { ElectricityCard } from './electricity-card.tsx';
import { EntryTable } from './entry-table.tsx';
import { exportCsv } from './export-csv.ts';
import { PeriodTotals } from './period-totals.tsx';
import { ProviderTotalsTable } from './provider-totals.tsx';
import { StateTotals } from './state-totals.tsx';

/** What was earned, where each part of it stands, and every entry behind it. */
export function EarningsPage() {
  const { t } = useTranslation();
  const summary = useSignal('earnings.summary');
  const testCredits = useSignal('node.status')?.testCredits ?? false;
  const [error, setError] = useState<ErrorBody | null>(null);
  const unit = testCredits ? t('earnings.testCredits') : t('earnings.sol');
  return (
    <Page
      title={t('earnings.title')}
      actions={<Button onClick={async () => setError(await exportCsv())}>{t('earnings.export')}</Button>}
    >
      <div className="flex flex-col gap-4">
        {error && <ErrorNote error={error} />}
        <PeriodTotals summary={summary ?? null} unit={unit} testCredits={testCredits} />
        <StateTotals summary={summary ?? null} unit={unit} />
        <ElectricityCard summary={summary} />
        <EarningsChart unit={unit} testCredits={testCredits} />
        <ProviderTotalsTable unit={unit} />
        <EntryTable unit={unit} />
      </div>
    </Page>
  );
}
