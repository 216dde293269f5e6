import { Check, CircleHelp, Clock, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { EarningsSummary } from '#contract/earnings.ts';
import type { MoneySums } from '#contract/wallet.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import type { FiatRate } from '../../lib/fiat.ts';
import { formatTime } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { FiatText } from './fiat-text.tsx';
import { addsUp, pendingOf, reconcile } from './reconciliation.ts';

interface MoneySumsProps {
  summary: EarningsSummary | null;
  unit: ShownUnit;
  rate: FiatRate | null;
}

/** Where every lamport stands, whether the parts add up, and whether the gateway's sum is the same. */
export function MoneySumsCard({ summary, unit, rate }: MoneySumsProps) {
  const { t } = useTranslation();
  const sums = useSignal('earnings.sums') ?? null;
  const parts: { name: string; lamports: bigint | null; note?: string }[] = [
    { name: 'pending', lamports: sums && pendingOf(sums) },
    { name: 'submitted', lamports: sums && BigInt(sums.submittedLamports) },
    { name: 'settled', lamports: sums && BigInt(sums.settledLamports) },
    { name: 'fees', lamports: sums && BigInt(sums.feeLamports) },
    { name: 'disputed', lamports: sums && BigInt(sums.disputedLamports) },
    { name: 'unattributed', lamports: sums && BigInt(sums.unattributedLamports) },
  ];
  return (
    <section
      aria-label={t('earnings.money.title')}
      className="rounded-[10px] border border-line bg-panel px-4 py-3.5"
    >
      <h2 className="mb-3 text-xs font-medium text-dim">{t('earnings.money.title')}</h2>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 text-sm min-[1000px]:grid-cols-3 min-[1300px]:grid-cols-6">
        {parts.map(({ name, lamports }) => (
          <div key={name} className="flex min-w-0 flex-col gap-0.5">
            <dt className="text-xs text-dim" title={t(`earnings.money.notes.${name}`)}>
              {t(`earnings.money.${name}`)}
            </dt>
            <dd className={name === 'disputed' && lamports ? 'text-bad' : ''}>
              {lamports === null ? '–' : formatAmount(lamports, unit)}{' '}
              <span className="text-xs whitespace-nowrap text-dim">{unit.name}</span>
            </dd>
            {lamports !== null && lamports !== 0n && (
              <dd className="text-xs">
                <FiatText lamports={lamports} rate={rate} />
              </dd>
            )}
          </div>
        ))}
      </dl>
      <div className="mt-3 grid min-h-9 gap-1.5 border-t border-line pt-3 text-sm">
        {sums && <SumsLine sums={sums} unit={unit} />}
        {summary ? <Comparison summary={summary} unit={unit} /> : t('earnings.loading')}
      </div>
    </section>
  );
}

/** The whole, written out as the sum of its parts. */
function SumsLine({ sums, unit }: { sums: MoneySums; unit: ShownUnit }) {
  const { t } = useTranslation();
  const { isRight, difference, parts } = addsUp(sums);
  const terms = parts
    .filter(({ lamports }) => lamports !== 0n)
    .map(({ name, lamports }) => `${formatAmount(lamports, unit)} ${t(`earnings.money.terms.${name}`)}`)
    .join(' + ');
  const sum = t('earnings.money.sum', {
    gross: formatAmount(sums.grossLamports, unit),
    unit: unit.name,
    terms: terms || '0',
  });
  return (
    <Line
      icon={isRight ? Check : TriangleAlert}
      color={isRight ? 'text-earn' : 'text-bad'}
      text={
        isRight
          ? t('earnings.money.addsUp', { sum })
          : t('earnings.money.differs', { sum, difference: formatAmount(difference, unit), unit: unit.name })
      }
    />
  );
}

function Comparison({ summary, unit }: { summary: EarningsSummary; unit: ShownUnit }) {
  const { t } = useTranslation();
  const result = reconcile(summary);
  if (result.state === 'unknown') {
    return <Line icon={CircleHelp} color="text-dim" text={t('earnings.sums.unknown')} />;
  }
  const values = { unit: unit.name, owed: formatAmount(result.owed, unit), at: formatTime(result.at) };
  if (result.state === 'equal') {
    return <Line icon={Check} color="text-earn" text={t('earnings.sums.equal', values)} />;
  }
  if (result.state === 'waiting') {
    const waiting = formatAmount(result.waiting, unit);
    return <Line icon={Clock} color="text-info" text={t('earnings.sums.waiting', { ...values, waiting })} />;
  }
  const amount = formatAmount(result.difference < 0n ? -result.difference : result.difference, unit);
  const key = result.difference < 0n ? 'earnings.sums.less' : 'earnings.sums.more';
  return (
    <Line
      icon={TriangleAlert}
      color="text-bad"
      text={t(key, { ...values, amount, ours: formatAmount(result.ours, unit) })}
    />
  );
}

function Line({ icon: Icon, color, text }: { icon: typeof Check; color: string; text: string }) {
  return (
    <p className={`flex items-start gap-2 ${color}`}>
      <Icon size={16} className="mt-0.5 shrink-0" aria-hidden />
      <span>{text}</span>
    </p>
  );
}
