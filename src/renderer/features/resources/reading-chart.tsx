import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Resources } from '#contract/resources.ts';
import { formatTime } from '../../lib/format.ts';
import { Chart } from '../../ui/chart.tsx';
import type { ChartColor } from '../../ui/chart-colors.ts';
import { ChartOrTable } from '../../ui/chart-or-table.tsx';
import type { ChartLimit } from '../../ui/chart-plot.ts';
import type { Column } from '../../ui/table.tsx';

export interface ReadingLine {
  label: string;
  color: ChartColor;
  /** In the unit of the axis; null where it is not known. */
  read(reading: Resources): number | null;
}

export interface ReadingChartProps {
  title: string;
  readings: readonly Resources[];
  lines: readonly ReadingLine[];
  limits?: readonly ChartLimit[];
  axis: string;
  format(value: number): string;
  /** Top of the axis; by the data where it is absent. */
  max?: number;
}

const keyOf = (reading: Resources) => reading.at;

/** What was read over the last minutes, as a graph with its limits or as the table of its figures. */
export function ReadingChart({ title, readings, lines, limits, axis, format, max }: ReadingChartProps) {
  const { t } = useTranslation();
  const times = useMemo(() => readings.map((reading) => reading.at), [readings]);
  const series = useMemo(
    () => lines.map(({ label, color, read }) => ({ label, color, values: readings.map(read) })),
    [lines, readings],
  );
  const columns = useMemo<Column<Resources>[]>(
    () => [
      { key: 'at', title: t('resources.time'), width: '1fr', cell: ({ at }) => formatTime(at) },
      ...lines.map(
        ({ label, read }): Column<Resources> => ({
          key: label,
          title: label,
          width: '7rem',
          align: 'end',
          cell: (reading) => {
            const value = read(reading);
            return value === null ? '–' : format(value);
          },
        }),
      ),
    ],
    [lines, format, t],
  );
  return (
    <ChartOrTable
      label={title}
      showTable={t('resources.showTable')}
      showChart={t('resources.showChart')}
      columns={columns}
      rows={readings}
      keyOf={keyOf}
      tableClass="h-[206px]"
      chart={
        <Chart
          label={title}
          kind="line"
          times={times}
          series={series}
          limits={limits}
          valueAxis={axis}
          timeAxis={t('resources.time')}
          formatValue={format}
          formatTick={(value) => String(Number(value.toPrecision(3)))}
          formatTime={formatTime}
          formatTimeTick={formatTime}
          max={max}
          heightPx={178}
        />
      }
    />
  );
}
