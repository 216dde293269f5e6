import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { TrainingStatus } from '#contract/training.ts';
import { formatMoment, formatSol } from '../../lib/format.ts';
import { openRoute } from '../../lib/routes.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { formatShare, netLamports } from './figures.ts';
import { RoundResult } from './round-result.tsx';

type PastRound = TrainingStatus['history'][number];

const keyOf = (round: PastRound) => round.roundId;
const open = (round: PastRound) => openRoute('training', round.roundId);

/** Past rounds, newest first; a row opens the round. */
export function HistoryCard({ history, unit }: { history: readonly PastRound[]; unit: string }) {
  const { t } = useTranslation();
  const columns = useMemo<Column<PastRound>[]>(
    () => [
      { key: 'at', title: t('training.ended'), width: '7.5rem', cell: (one) => formatMoment(one.endedAt) },
      { key: 'task', title: t('training.task'), width: 'minmax(6rem,1.4fr)', cell: (one) => one.taskName },
      {
        key: 'nodes',
        wideOnly: true,
        title: t('training.participants'),
        width: '4rem',
        align: 'end',
        cell: (one) => one.participants,
      },
      {
        key: 'examples',
        wideOnly: true,
        title: t('training.examples'),
        width: '6rem',
        align: 'end',
        cell: (one) => one.examples.toLocaleString('en'),
      },
      {
        key: 'accuracy',
        title: t('training.globalShort'),
        width: '6rem',
        align: 'end',
        cell: (one) => formatShare(one.globalAccuracy),
      },
      {
        key: 'net',
        title: t('training.reward.netColumn', { unit }),
        width: '9.5rem',
        align: 'end',
        cell: (one) => (one.result === 'rewarded' ? formatSol(netLamports(one), 3) : '–'),
      },
      {
        key: 'result',
        title: t('training.result'),
        width: '7.5rem',
        cell: (one) => <RoundResult result={one.result} />,
      },
    ],
    [t, unit],
  );
  return (
    <Card title={t('training.history')}>
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
