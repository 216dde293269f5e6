import { useTranslation } from 'react-i18next';
import type { PastRound } from '#contract/training.ts';
import type { ShownUnit } from '../../lib/amount.ts';
import { formatMoment } from '../../lib/format.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatShare } from './figures.ts';
import { RewardSplit } from './reward-split.tsx';
import { RoundResult } from './round-result.tsx';

/** What this computer gave to its latest round, and what it got. */
export function ContributionCard({ round, unit }: { round: PastRound | undefined; unit: ShownUnit }) {
  const { t } = useTranslation();
  return (
    <Card title={t('training.contribution')}>
      {!round ? (
        <EmptyState title={t('training.noContribution')} />
      ) : (
        <>
          <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <a
              href={`#/training/${encodeURIComponent(round.roundId)}`}
              className="font-medium hover:underline"
            >
              {round.taskName}
            </a>
            <span className="text-xs text-dim">{formatMoment(round.endedAt)}</span>
            <RoundResult result={round.result} />
          </p>
          <dl className="mt-3 mb-2 grid grid-cols-2 gap-x-4">
            <Figure label={t('training.examples')} value={round.examples.toLocaleString('en')} />
            <Figure label={t('training.localAccuracy')} value={formatShare(round.localAccuracy)} />
          </dl>
          {round.error ? (
            <p className="text-dim">{round.error.message}</p>
          ) : (
            <RewardSplit round={round} unit={unit} />
          )}
        </>
      )}
    </Card>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-dim">{label}</dt>
      <dd className="text-[21px] leading-7 font-semibold">{value}</dd>
    </div>
  );
}
