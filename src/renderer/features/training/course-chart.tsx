import { type ComponentProps, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Chart } from '../../ui/chart.tsx';
import { ChartOrTable } from '../../ui/chart-or-table.tsx';
import type { Column } from '../../ui/table.tsx';

type ChartProps = ComponentProps<typeof Chart>;

interface CourseChartProps<T>
  extends Pick<
    ChartProps,
    'label' | 'series' | 'valueAxis' | 'timeAxis' | 'formatValue' | 'formatTime' | 'formatTimeTick' | 'max'
  > {
  /** In their order, the first one first. */
  points: readonly T[];
  /** Where a point stands on the axis below: a step, a version. */
  placeOf(point: T): number;
  columns: readonly Column<T>[];
}

/** How figures of training go on, as lines or as a table. */
export function CourseChart<T>({ points, placeOf, columns, ...chart }: CourseChartProps<T>) {
  const { t } = useTranslation();
  const times = useMemo(() => points.map(placeOf), [points, placeOf]);
  return (
    <ChartOrTable
      label={chart.label}
      showTable={t('training.showTable')}
      showChart={t('training.showChart')}
      columns={columns}
      rows={points}
      keyOf={placeOf}
      tableClass="h-[214px]"
      chart={
        <Chart
          {...chart}
          kind="line"
          counts
          times={times}
          formatTick={(value) => String(Number(value.toPrecision(3)))}
          heightPx={190}
        />
      }
    />
  );
}
