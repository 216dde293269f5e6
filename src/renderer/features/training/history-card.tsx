import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { PastRound, TrainingStatus } from '#contract/training.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { formatMoment } from '../../lib/format.ts';
import { openRoute } from '../../lib/routes.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { formatShare, netLamports } from './figures.ts';
import { RoundResult } from './round-result.tsx';

const keyOf = (round: PastRound) => round.roundId;
const open = (round: PastRound) => openRoute('training', round.roundId);

interface HistoryCardProps {
  history: readonly PastRound[];
  earned: TrainingStatus['earned'];
  unit: ShownUnit;
}

/** Past rounds, newest first, and what all of them have earned; a row opens the round. */
export function HistoryCard({ history, earned, unit }: HistoryCardProps) {
  const { t } = useTranslation();
  const columns = useMemo<Column<PastRound>[]>(
    () => [
      { key: 'at', title: t('training.ended'), width: '6.5rem', cell: (one) => formatMoment(one.endedAt) },
      { key: 'task', title: t('training.task'), width: 'minmax(3.25rem,1.4fr)', cell: (one) => one.taskName },
      {
        key: 'nodes',
        wideOnly: true,
        title: t('training.participants'),
        width: '3rem',
        align: 'end',
        cell: (one) => one.participants,
      },
      {
        key: 'examples',
        wideOnly: true,
        title: t('training.examples'),
        width: '4.5rem',
        align: 'end',
        cell: (one) => one.examples.toLocaleString('en'),
      },
      {
        key: 'accuracy',
        wideOnly: true,
        title: t('training.globalShort'),
        width: '5rem',
        align: 'end',
        cell: (one) => formatShare(one.globalAccuracy),
      },
      {
        key: 'net',
        title: t('training.reward.netColumn', { unit: unit.name }),
        width: 'minmax(7rem,7.5rem)',
        align: 'end',
        cell: (one) => (one.result === 'rewarded' ? formatAmount(netLamports(one), unit, 3) : '–'),
      },
      {
        key: 'result',
        title: t('training.result'),
        width: '6.25rem',
        cell: (one) => <RoundResult result={one.result} />,
      },
    ],
    [t, unit],
  );
  return (
    <Card>
      <div className="mb-2.5 flex flex-wrap gap-x-3">
        <h2 className="me-auto text-[12.5px] font-medium text-dim">{t('training.history')}</h2>
        {earned.rounds > 0 && (
          <p className="text-xs text-dim">
            {t('training.earnedIn', {
              amount: formatAmount(earned.netLamports, unit),
              unit: unit.name,
              count: earned.rounds,
            })}
          </p>
        )}
      </div>
      {history.length === 0 ? (
        <EmptyState title={t('training.noHistory')} />
      ) : (
        <Table
          label={t('training.history')}
          columns={columns}
          rows={history}
          keyOf={keyOf}
          onOpen={open}
          className="max-h-[22rem]"
        />
      )}
    </Card>
  );
}
