import { Check, TriangleAlert } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { EarningsSummary } from '#contract/earnings.ts';
import { formatAmount } from '../../lib/amount.ts';
import { client } from '../../lib/client.ts';
import { formatMicroUsd, formatTime } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { useUnit } from '../../lib/use-unit.ts';
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
  const unit = useUnit();
  const forecast = !summary
    ? '–'
    : summary.forecastLamports !== null
      ? `${formatAmount(summary.forecastLamports, unit)} ${unit.name}`
      : summary.forecastAt !== null
        ? t('dashboard.forecastAt', { time: formatTime(summary.forecastAt) })
        : '–';
  return (
    <Card title={t('dashboard.earnedToday')} className="flex flex-col">
      <p>
        <strong
          className={`text-3xl font-semibold tracking-tight ${testCredits ? 'text-warn' : 'text-earn'}`}
        >
          {summary ? formatAmount(summary.today.netLamports, unit) : '–'}
        </strong>{' '}
        <span className="text-dim">{unit.name}</span>
      </p>
      <NetLine />
      <div className="h-12 lg:h-auto lg:max-h-36 lg:min-h-12 lg:flex-1">
        <Sparkline values={hours} className={testCredits ? 'text-warn' : 'text-earn'} heightPx="100%" />
      </div>
      <dl className="mt-3 grid grid-cols-[1fr_auto] gap-x-3 gap-y-1.5 text-dim">
        <dt>{t('dashboard.forecast')}</dt>
        <dd className="text-right text-text">{forecast}</dd>
        <dt>{t('dashboard.requestsToday')}</dt>
        <dd className="text-right text-text">{summary?.today.jobs.toLocaleString('en') ?? '–'}</dd>
        <dt>{t('dashboard.owes')}</dt>
        <dd className="text-right text-text">
          {summary?.gatewayOwes ? `${formatAmount(summary.gatewayOwes.lamports, unit)} ${unit.name}` : '–'}
        </dd>
        <dt>{t('dashboard.gateway')}</dt>
        <dd className="text-right">{summary ? <Agreement summary={summary} /> : '–'}</dd>
      </dl>
    </Card>
  );
}

/** What an hour at the present pace leaves after electricity; nothing where a price or the watts are not known. */
function NetLine() {
  const { t } = useTranslation();
  const net = useSignal('resources.power')?.netMicroUsdPerHour;
  if (net == null) return null;
  return (
    <p className={`text-xs ${net < 0 ? 'text-warn' : 'text-dim'}`}>
      {t('hybrid.netPerHour', { amount: formatMicroUsd(net, 2) })}
    </p>
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
        {t('dashboard.disputed', { amount: formatAmount(byState.disputed ?? '0', summary) })}
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
