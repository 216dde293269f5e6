import { Check, CircleHelp, Clock, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { EarningsSummary } from '#contract/earnings.ts';
import { formatSol, formatTime } from '../../lib/format.ts';
import { EntryStateMark, entryStates } from './entry-state.tsx';
import { reconcile } from './reconciliation.ts';

/** Where all that was earned stands, and whether the gateway's sum is the same. */
export function StateTotals({ summary, unit }: { summary: EarningsSummary | null; unit: string }) {
  const { t } = useTranslation();
  return (
    <section className="rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <dl className="grid grid-cols-2 gap-x-6 gap-y-2 text-sm lg:grid-cols-4">
        {entryStates.map((state) => (
          <div key={state} className="flex flex-col gap-0.5">
            <dt className="text-xs">
              <EntryStateMark state={state} />
            </dt>
            <dd>
              {summary ? formatSol(summary.byState[state]) : '–'}{' '}
              <span className="text-xs text-dim">{unit}</span>
            </dd>
          </div>
        ))}
      </dl>
      <div className="mt-3 min-h-9 border-t border-line pt-3 text-sm">
        {summary ? <Comparison summary={summary} unit={unit} /> : t('earnings.loading')}
      </div>
    </section>
  );
}

function Comparison({ summary, unit }: { summary: EarningsSummary; unit: string }) {
  const { t } = useTranslation();
  const result = reconcile(summary);
  if (result.state === 'unknown') {
    return <Line icon={CircleHelp} color="text-dim" text={t('earnings.sums.unknown')} />;
  }
  const values = { unit, owed: formatSol(result.owed), at: formatTime(result.at) };
  if (result.state === 'equal') {
    return <Line icon={Check} color="text-earn" text={t('earnings.sums.equal', values)} />;
  }
  if (result.state === 'waiting') {
    const waiting = formatSol(result.waiting);
    return <Line icon={Clock} color="text-info" text={t('earnings.sums.waiting', { ...values, waiting })} />;
  }
  const amount = formatSol(result.difference < 0n ? -result.difference : result.difference);
  const key = result.difference < 0n ? 'earnings.sums.less' : 'earnings.sums.more';
  return (
    <Line
      icon={TriangleAlert}
      color="text-bad"
      text={t(key, { ...values, amount, ours: formatSol(result.ours) })}
    />
  );
}

function Line({ icon: Icon, color, text }: { icon: typeof Check; color: string; text: string }) {
  return (
    <p className={`flex items-start gap-2 ${color}`}>
      <Icon size={16} className="mt-0.5 shrink-0" aria-hidden />
      {text}
    </p>
  );
}
