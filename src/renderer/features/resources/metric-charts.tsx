import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Segments } from '../../ui/segments.tsx';
import { ReadingChart, type ReadingChartProps } from './reading-chart.tsx';

export type MetricName = 'memory' | 'temperature' | 'power' | 'load';
export interface Metric extends Omit<ReadingChartProps, 'readings'> {
  name: MetricName;
}

/** One chart at a time of those of which there are figures. */
export function MetricCharts({
  metrics,
  readings,
}: {
  metrics: readonly Metric[];
  readings: ReadingChartProps['readings'];
}) {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState<MetricName | null>(null);
  const known = useMemo(
    () =>
      metrics.filter(({ lines }) =>
        readings.some((reading) => lines.some(({ read }) => read(reading) !== null)),
      ),
    [metrics, readings],
  );
  const shown = known.find(({ name }) => name === wanted) ?? known[0];
  if (!shown) return null;
  return (
    <div className="grid gap-3">
      {known.length > 1 && (
        <div className="flex">
          <Segments
            label={t('resources.watched')}
            value={shown.name}
            onChange={setWanted}
            options={known.map(({ name }) => ({ value: name, title: t(`resources.metric.${name}`) }))}
          />
        </div>
      )}
      <ReadingChart key={shown.name} {...shown} readings={readings} />
    </div>
  );
}
