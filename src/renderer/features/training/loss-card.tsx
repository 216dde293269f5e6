import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { StreamData } from '#contract/streams.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Card } from '../../ui/card.tsx';
import { Chart } from '../../ui/chart.tsx';
import { ChartOrTable } from '../../ui/chart-or-table.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import type { Column } from '../../ui/table.tsx';
import { formatLoss } from './figures.ts';

type Point = StreamData<'training.curve'>[number];

const none: Point[] = [];
const keyOf = (point: Point) => point.step;

/** How the loss falls within the present round. */
export function LossCard() {
  const { t } = useTranslation();
  const points = useSignal('training.curve') ?? none;
  const times = useMemo(() => points.map(({ step }) => step), [points]);
  const series = useMemo(
    () => [{ label: t('training.loss'), color: 'info' as const, values: points.map(({ loss }) => loss) }],
    [points, t],
  );
  const columns = useMemo<Column<Point>[]>(
    () => [
      { key: 'step', title: t('training.step'), width: '1fr', cell: ({ step }) => step.toLocaleString('en') },
      {
        key: 'loss',
        title: t('training.loss'),
        width: '7rem',
        align: 'end',
        cell: ({ loss }) => formatLoss(loss),
      },
    ],
    [t],
  );
  const title = t('training.lossTitle');
  return (
    <Card className="min-h-[300px]">
      <h2 className="mb-2.5 flex min-h-8 items-center text-[12.5px] font-medium text-dim">{title}</h2>
      {points.length === 0 ? (
        <EmptyState title={t('training.noCurve')} />
      ) : (
        <ChartOrTable
          label={title}
          showTable={t('training.showTable')}
          showChart={t('training.showChart')}
          columns={columns}
          rows={points}
          keyOf={keyOf}
          tableClass="h-[214px]"
          chart={
            <Chart
              label={title}
              kind="line"
              counts
              times={times}
              series={series}
              valueAxis={t('training.lossAxis')}
              timeAxis={t('training.stepAxis')}
              formatValue={formatLoss}
              formatTick={(value) => String(Number(value.toPrecision(3)))}
              formatTime={(step) => t('training.stepNumber', { step: step.toLocaleString('en') })}
              formatTimeTick={(step) => step.toLocaleString('en')}
              heightPx={190}
            />
          }
        />
      )}
    </Card>
  );
}
