import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Unit } from '#contract/assets.ts';
import type { EarningsSummary } from '#contract/earnings.ts';
import type { ErrorBody } from '#contract/result.ts';
import { formatAmount, shownUnit } from '../../lib/amount.ts';
import { formatTokens } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { useUnit } from '../../lib/use-unit.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Page } from '../../ui/page.tsx';
import { BreakdownCard } from './breakdown-card.tsx';
import { EarningsChart } from './earnings-chart.tsx';
import { ElectricityCard } from './electricity-card.tsx';
import { EntryTable } from './entry-table.tsx';
import { exportEntries } from './export-csv.ts';
import { FiatForm } from './fiat-form.tsx';
import { MoneySumsCard } from './money-sums.tsx';
import { PayersCard } from './payers-card.tsx';
import { PayoutsCard } from './payouts-card.tsx';
import { PeriodTotals } from './period-totals.tsx';
import { ProviderTotalsTable } from './provider-totals.tsx';
import { useEnergyDays, useFiat } from './use-fiat.ts';
import { YearlyCard } from './yearly-card.tsx';

/** What was earned, where each part of it stands, and every entry behind it. `wallet` is what the app puts below the sums. */
export function EarningsPage({ wallet = null }: { wallet?: ReactNode }) {
  const { t } = useTranslation();
  const summary = useSignal('earnings.summary') ?? null;
  const testCredits = useSignal('node.status')?.testCredits ?? false;
  const unit = useUnit();
  const { rate, dollars } = useFiat(testCredits || unit.asset !== 'SOL');
  const energy = useEnergyDays();
  const [error, setError] = useState<ErrorBody | null>(null);
  return (
    <Page title={t('earnings.title')} actions={<ExportButton onDone={setError} />}>
      <div className="flex flex-col gap-4">
        {error && <ErrorNote error={error} />}
        <PeriodTotals
          summary={summary}
          unit={unit}
          testCredits={testCredits}
          rate={rate}
          dollars={dollars}
          energy={energy}
        />
        {summary && <OtherMoney summary={summary} />}
        {!testCredits && unit.asset === 'SOL' && <FiatForm rate={rate} />}
        <MoneySumsCard summary={summary} unit={unit} rate={rate} />
        {wallet}
        <ElectricityCard summary={summary ?? undefined} />
        <EarningsChart unit={unit} testCredits={testCredits} />
        <BreakdownCard unit={unit} />
        <ProviderTotalsTable unit={unit} />
        <div className="grid gap-4 empty:hidden min-[1100px]:grid-cols-[repeat(auto-fit,minmax(26rem,1fr))]">
          <PayoutsCard />
          <PayersCard unit={unit} />
        </div>
        <EntryTable unit={unit} />
        <YearlyCard energy={energy} rate={rate} />
      </div>
    </Page>
  );
}

/** What the sums are of, and what was earned in something else, which is in no sum of this page but those by year. */
function OtherMoney({ summary }: { summary: EarningsSummary }) {
  const { t } = useTranslation();
  if (summary.others.length === 0) return null;
  const nameOf = ({ network, ...unit }: Unit & { network: string }) => {
    const isTest = network === 'test-credits';
    return `${shownUnit(unit, t, isTest).name}${isTest ? '' : ` (${network})`}`;
  };
  const amounts = summary.others.map((other) => `${formatAmount(other.netLamports, other)} ${nameOf(other)}`);
  return (
    <p className="text-xs text-dim">
      {t('earnings.others', { shown: nameOf(summary), amounts: amounts.join(', ') })}
    </p>
  );
}

/** Says how far it is: a million entries take a while. */
function ExportButton({ onDone }: { onDone(error: ErrorBody | null): void }) {
  const { t } = useTranslation();
  const [lastId, setLastId] = useState<number | null>(null);
  const run = async () => {
    setLastId(0);
    const { error } = await exportEntries(setLastId);
    setLastId(null);
    onDone(error);
  };
  return (
    <Button disabled={lastId !== null} onClick={run}>
      {lastId === null ? t('earnings.export') : t('earnings.exporting', { shown: formatTokens(lastId) })}
    </Button>
  );
}
