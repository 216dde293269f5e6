import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PastRound } from '#contract/training.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Segments } from '../../ui/segments.tsx';
import type { Column } from '../../ui/table.tsx';
import { CourseChart } from './course-chart.tsx';
import { formatLoss, formatShare } from './figures.ts';
import { type ModelPoint, modelPoints, tasksWithPoints } from './model-points.ts';

type Measure = 'accuracy' | 'loss';
const versionOf = (point: ModelPoint) => point.version;

/** Per cent, as its axis counts. */
const scaled = (share: number | null) => (share === null ? null : share * 100);

/** How the global model of a task gets better round by round, beside what this computer's own training reached. */
export function ModelCard({ history }: { history: readonly PastRound[] }) {
  const { t } = useTranslation();
  const [measure, setMeasure] = useState<Measure>('accuracy');
  const [wanted, setWanted] = useState<string | null>(null);
  const tasks = useMemo(() => tasksWithPoints(history), [history]);
  const task = tasks.find(({ taskId }) => taskId === wanted) ?? tasks[0];
  const taskId = task?.taskId;
  const points = useMemo(() => (taskId === undefined ? [] : modelPoints(history, taskId)), [history, taskId]);
  return (
    <Card className="min-h-[300px]">
      <div className="mb-2.5 flex min-h-8 flex-wrap items-center gap-2">
        <h2 className="me-auto text-[12.5px] font-medium text-dim">{t('training.modelTitle')}</h2>
        {tasks.length > 1 && task && (
          <select
            aria-label={t('training.task')}
            value={task.taskId}
            onChange={(event) => setWanted(event.target.value)}
            className="max-w-32 rounded-lg border border-line bg-ground px-2 py-1 text-xs focus-visible:outline-2 focus-visible:outline-accent"
          >
            {tasks.map(({ taskId: id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        )}
        {task && (
          <Segments
            label={t('training.measure')}
            value={measure}
            onChange={setMeasure}
            options={[
              { value: 'accuracy', title: t('training.accuracy') },
              { value: 'loss', title: t('training.loss') },
            ]}
          />
        )}
      </div>
      {points.length === 0 ? (
        <EmptyState title={t('training.noModels')} />
      ) : (
        <ModelChart points={points} measure={measure} />
      )}
    </Card>
  );
}

function ModelChart({ points, measure }: { points: readonly ModelPoint[]; measure: Measure }) {
  const { t } = useTranslation();
  const isLoss = measure === 'loss';
  const series = useMemo(
    () => [
      {
        label: t('training.global'),
        color: 'accent' as const,
        values: points.map((one) => (isLoss ? one.globalLoss : scaled(one.globalAccuracy))),
      },
      {
        label: t('training.local'),
        color: 'info' as const,
        values: points.map((one) => (isLoss ? one.localLoss : scaled(one.localAccuracy))),
      },
    ],
    [points, isLoss, t],
  );
  const columns = useMemo<Column<ModelPoint>[]>(
    () => [
      { key: 'version', title: t('training.version'), width: '1fr', cell: ({ version }) => version },
      {
        key: 'global',
        title: t('training.global'),
        width: '7rem',
        align: 'end',
        cell: (one) => (isLoss ? formatLoss(one.globalLoss) : formatShare(one.globalAccuracy)),
      },
      {
        key: 'local',
        title: t('training.local'),
        width: '8rem',
        align: 'end',
        cell: (one) => (isLoss ? formatLoss(one.localLoss) : formatShare(one.localAccuracy)),
      },
    ],
    [isLoss, t],
  );
  const title = t(isLoss ? 'training.modelLossTitle' : 'training.modelAccuracyTitle');
  return (
    <CourseChart
      label={title}
      points={points}
      placeOf={versionOf}
      series={series}
      columns={columns}
      valueAxis={t(isLoss ? 'training.lossAxis' : 'training.accuracyAxis')}
      timeAxis={t('training.versionAxis')}
      formatValue={isLoss ? formatLoss : (value) => formatShare(value / 100)}
      formatTime={(version) => t('training.versionNumber', { version })}
      formatTimeTick={String}
      {...(isLoss ? {} : { max: 100 })}
    />
  );
}
