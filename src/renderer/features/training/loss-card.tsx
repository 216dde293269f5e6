import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { StreamData } from '#contract/streams.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import type { Column } from '../../ui/table.tsx';
import { CourseChart } from './course-chart.tsx';
import { formatLoss } from './figures.ts';

type Point = StreamData<'training.curve'>[number];

const none: Point[] = [];
const stepOf = (point: Point) => point.step;

/** How the loss falls within the present round. */
export function LossCard() {
  const { t } = useTranslation();
  const points = useSignal('training.curve') ?? none;
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
        <CourseChart
          label={title}
          points={points}
          placeOf={stepOf}
          series={series}
          columns={columns}
          valueAxis={t('training.lossAxis')}
          timeAxis={t('training.stepAxis')}
          formatValue={formatLoss}
          formatTime={(step) => t('training.stepNumber', { step: step.toLocaleString('en') })}
          formatTimeTick={(step) => step.toLocaleString('en')}
        />
      )}
    </Card>
  );
}
