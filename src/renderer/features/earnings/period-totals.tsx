import { useTranslation } from 'react-i18next';
import type { EarningsSummary, Totals } from '#contract/earnings.ts';
import { formatSol, formatTokens } from '../../lib/format.ts';

const periods = ['today', 'last7Days', 'last30Days', 'all'] as const;

interface PeriodTotalsProps {
  summary: EarningsSummary | null;
  unit: string;
  testCredits: boolean;
}

/** Net earnings by period. Test credits are amber, never the green of money. */
export function PeriodTotals({ summary, unit, testCredits }: PeriodTotalsProps) {
  const { t } = useTranslation();
  return (
    <div className="grid grid-cols-2 gap-4 lg:grid-cols-4">
      {periods.map((period) => (
        <section key={period} className="rounded-[10px] border border-line bg-panel px-4 py-3.5">
          <h2 className="text-xs font-medium text-dim">{t(`earnings.periods.${period}`)}</h2>
          <p className={`mt-1 text-lg font-semibold ${testCredits ? 'text-warn' : 'text-earn'}`}>
            {summary ? formatSol(summary[period].netLamports) : '–'}{' '}
            <span className="inline-block text-xs font-normal whitespace-nowrap text-dim">{unit}</span>
          </p>
          <p className="mt-0.5 text-xs text-dim">{summary ? <Work totals={summary[period]} /> : '–'}</p>
        </section>
      ))}
    </div>
  );
}

function Work({ totals }: { totals: Totals }) {
  const { t } = useTranslation();
  return (
    <>
      {t('earnings.jobs', { count: totals.jobs })} ·{' '}
      {t('earnings.tokens', { tokens: formatTokens(totals.tokens) })}
      <br />
      {t('earnings.fees', { fees: formatSol(totals.feeLamports) })}
    </>
  );
}
