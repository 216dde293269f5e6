import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { LimitSet } from '#contract/manners.ts';
import type { Resources } from '#contract/resources.ts';
import { Figures, figure, percent } from './figures.tsx';
import { type Metric, MetricCharts } from './metric-charts.tsx';
import { Panel } from './panel.tsx';

interface CpuPanelProps {
  readings: readonly Resources[];
  now: Resources;
  limits: LimitSet;
  mostTempC: number;
}

/** The processor: its load and the node's part of it, heat and power. */
export function CpuPanel({ readings, now, limits, mostTempC }: CpuPanelProps) {
  const { t } = useTranslation();
  const { cpu } = now;
  const { cpuPercent } = limits;
  const metrics = useMemo((): Metric[] => {
    const words = (name: Metric['name']) => ({
      name,
      title: t(`resources.over.${name}`, { name: t('resources.cpu') }),
      axis: t(`resources.axis.${name}`),
    });
    return [
      {
        ...words('load'),
        lines: [
          { label: t('resources.load'), color: 'dim', read: (one) => scaled(one.cpu.load) },
          { label: t('resources.own'), color: 'accent', read: (one) => scaled(one.cpu.ownLoad) },
        ],
        limits: [{ label: t('resources.ownLimit'), color: 'warn', value: cpuPercent }],
        format: (value) => figure(value, '%'),
        max: 100,
      },
      {
        ...words('temperature'),
        lines: [{ label: t('resources.temperature'), color: 'bad', read: (one) => one.cpu.tempC }],
        limits: [{ label: t('resources.limit'), color: 'warn', value: mostTempC }],
        format: (value) => figure(value, '°C'),
      },
      {
        ...words('power'),
        lines: [{ label: t('resources.power'), color: 'earn', read: (one) => one.cpu.powerWatts }],
        format: (value) => figure(value, 'W'),
      },
    ];
  }, [t, cpuPercent, mostTempC]);
  return (
    <Panel title={`${t('resources.cpu')} · ${cpu.model}`} figure={percent(cpu.load)}>
      <Figures
        figures={[
          { label: t('resources.own'), value: percent(cpu.ownLoad) },
          { label: t('resources.coresLabel'), value: String(cpu.cores) },
          {
            label: t('resources.temperature'),
            value: figure(cpu.tempC, '°C'),
            note: cpu.tempC === null ? null : t('resources.limitOf', { limit: mostTempC }),
          },
          { label: t('resources.power'), value: figure(cpu.powerWatts, 'W') },
        ]}
      />
      <MetricCharts metrics={metrics} readings={readings} />
    </Panel>
  );
}

const scaled = (share: number | null) => (share === null ? null : share * 100);
