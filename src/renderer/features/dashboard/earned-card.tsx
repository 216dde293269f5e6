import { Check, TriangleAlert } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { EarningsSummary } from '#contract/earnings.ts';
import { client } from '../../lib/client.ts';
import { formatSol, formatTime } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Card } from '../../ui/card.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';

export function EarnedCard({
  summary,
  testCredits,
}: {
  summary: EarningsSummary | undefined;
  testCredits: boolean;
}) {
  const { t } = useTranslation();
  const hours = useTodayByHour();
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
      <Sparkline values={hours} className={testCredits ? 'text-warn' : 'text-earn'} />
      <dl className="mt-3 grid grid-cols-[1fr_auto] gap-x-3 gap-y-1.5 text-dim">
        <dt>{t('dashboard.forecast')}</dt>
        <dd className="text-right text-text">{forecast}</dd>
        <dt>{t('dashboard.requestsToday')}</dt>
        <dd className="text-right text-text">{summary?.today.jobs.toLocaleString('en') ?? '–'}</dd>
        <dt>{t('dashboard.owes')}</dt>
        <dd className="text-right text-text">
          {summary?.gatewayOwes ? `${formatSol(summary.gatewayOwes.lamports)} ${unit}` : '–'}
        </dd>
        <dt>{t('dashboard.gateway')}</dt>
        <dd className="text-right">{summary ? <Agreement summary={summary} /> : '–'}</dd>
      </dl>
    </Card>
  );
}

/** Net lamports of each hour of the last day, renewed when entries change, at most once in five seconds. */
function useTodayByHour(): number[] {
  const changes = useSignal('earnings.changed')?.changes;
  const [hours, setHours] = useState<number[]>([]);
  const readAt = useRef(0);
  useEffect(() => {
    if (changes === undefined) return;
    const read = async () => {
      readAt.current = Date.now();
      const offsetMinutes = -new Date().getTimezoneOffset();
      const answer = await client.request('earnings.series', { bucket: 'hour', count: 24, offsetMinutes });
      if (answer.ok) setHours(answer.data.map(({ netLamports }) => Number(netLamports)));
    };
    const timer = setTimeout(() => void read(), Math.max(0, readAt.current + 5000 - Date.now()));
    return () => clearTimeout(timer);
  }, [changes]);
  return hours;
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
  if (BigInt(byState.agreed) + BigInt(byState.vouchered) + BigInt(byState.settled) === 0n)
    return <span className="text-text">–</span>;
  return (
    <span className="inline-flex items-center gap-1.5 text-earn">
      <Check size={14} aria-hidden />
      {t('dashboard.agrees')}
    </span>
  );
}
