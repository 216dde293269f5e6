import { useTranslation } from 'react-i18next';
import type { PastRound } from '#contract/training.ts';
import type { ShownUnit } from '../../lib/amount.ts';
import { formatDuration, formatMoment } from '../../lib/format.ts';
import { ErrorNote } from '../../ui/error-note.tsx';
import { type Fact, Facts } from '../../ui/facts.tsx';
import { formatEpsilon, formatLoss, formatShare } from './figures.ts';
import { RewardSplit } from './reward-split.tsx';
import { RoundResult } from './round-result.tsx';

/** All that is known of a round that has ended. */
export function RoundDetail({ round, unit }: { round: PastRound; unit: ShownUnit }) {
  const { t } = useTranslation();
  const facts: Fact[] = [
    { label: t('training.round'), value: round.roundId, copy: true },
    { label: t('training.task'), value: round.taskName },
    { label: t('training.started'), value: formatMoment(round.startedAt) },
    { label: t('training.took'), value: formatDuration(round.endedAt - round.startedAt) },
    { label: t('training.participants'), value: String(round.participants) },
    {
      label: t('training.update'),
      value: t(round.isSecure ? 'training.secureYes' : 'training.secureNo'),
    },
    { label: t('training.examples'), value: round.examples.toLocaleString('en') },
    { label: t('training.localLoss'), value: formatLoss(round.localLoss) },
    { label: t('training.localAccuracy'), value: formatShare(round.localAccuracy) },
    { label: t('training.version'), value: round.modelVersion === null ? '–' : String(round.modelVersion) },
    { label: t('training.globalLoss'), value: formatLoss(round.globalLoss) },
    { label: t('training.globalAccuracy'), value: formatShare(round.globalAccuracy) },
    {
      label: t('training.privacy.epsilonSpent'),
      value: round.epsilon === null ? t('training.notPrivate') : formatEpsilon(round.epsilon),
    },
  ];
  return (
    <div className="flex flex-col gap-4">
      <RoundResult result={round.result} />
      {round.result === 'uncounted' && !round.error && (
        <p className="text-sm text-dim">{t('training.uncountedText')}</p>
      )}
      {round.error && <ErrorNote error={round.error} />}
      <Facts facts={facts} copyLabel={t('training.copy')} />
      {round.parts.length > 0 && (
        <section className="border-t border-line pt-4">
          <h3 className="mb-1 text-sm font-semibold">{t('training.reward.title')}</h3>
          <RewardSplit round={round} unit={unit} />
        </section>
      )}
    </div>
  );
}
