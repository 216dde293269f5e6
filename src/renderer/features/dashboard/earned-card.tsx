import { Check, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { EarningsSummary } from '#contract/earnings.ts';
import { formatSol, formatTime } from '../../lib/format.ts';
import { Card } from '../../ui/card.tsx';

export function EarnedCard({
  summary,
  testCredits,
}: {
  summary: EarningsSummary | undefined;
  testCredits: boolean;
}) {
  const { t } = useTranslation();
  const unit = t(testCredits ? 'dashboard.testCredits' : 'dashboard.sol');
  const forecast = !summary
    ? '–'
    : summary.forecastLamports !== null
      ? `${formatSol(summary.forecastLamports)} ${unit}`
      : summary.forecastAt !== null
        ? t('dashboard.forecastAt', { time: formatTime(summary.forecastAt) })
        : '–';
  return (
    <Card title={t('dashboard.earnedToday')}>
      <p>
        <strong
          className={`text-3xl font-semibold tracking-tight ${testCredits ? 'text-warn' : 'text-earn'}`}
        >
          {summary ? formatSol(summary.today.netLamports) : '–'}
        </strong>{' '}
        <span className="text-dim">{unit}</span>
      </p>
      <dl className="mt-3 grid grid-cols-[1fr_auto] gap-x-3 gap-y-1.5 text-dim">
        <dt>{t('dashboard.forecast')}</dt>
        <dd className="text-right text-text">{forecast}</dd>
        <dt>{t('dashboard.requestsToday')}</dt>
        <dd className="text-right text-text">{summary?.today.jobs.toLocaleString('en') ?? '–'}</dd>
        <dt>{t('dashboard.gateway')}</dt>
        <dd className="text-right">{summary ? <Agreement summary={summary} /> : '–'}</dd>
      </dl>
    </Card>
  );
}

function Agreement({ summary }: { summary: EarningsSummary }) {
  const { t } = useTranslation();
  const { byState } = summary;
  if (BigInt(byState.disputed ?? '0') > 0n)
    return (
      <span className="inline-flex items-center gap-1.5 text-bad">
        <TriangleAlert size={14} aria-hidden />
        {t('dashboard.disputed', { amount: formatSol(byState.disputed ?? '0') })}
      </span>
    );
  if (BigInt(byState.earned ?? '0') > 0n) return <span className="text-text">{t('dashboard.waiting')}</span>;
  if (BigInt(byState.agreed ?? '0') === 0n) return <span className="text-text">–</span>;
  return (
    <span className="inline-flex items-center gap-1.5 text-earn">
      <Check size={14} aria-hidden />
      {t('dashboard.agrees')}
    </span>
  );
}
