import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Reservation } from '#contract/hybrid.ts';
import type { LimitSet } from '#contract/manners.ts';
import type { Gpu, Resources } from '#contract/resources.ts';
import { formatBytes } from '../../lib/format.ts';
import { meterParts } from '../../lib/memory-meter-parts.ts';
import { gpuOwners } from '../../lib/memory-owners.ts';
import { MemoryMeter } from '../../ui/memory-meter.tsx';
import { Figures, figure, percent } from './figures.tsx';
import { OtherPrograms } from './gpu-programs.tsx';
import { type Metric, MetricCharts } from './metric-charts.tsx';
import { Panel } from './panel.tsx';

const gigabyte = 1e9;

interface GpuPanelProps {
  gpu: Gpu;
  readings: readonly Resources[];
  now: Resources;
  reservations: readonly Reservation[];
  limits: LimitSet;
  mostTempC: number;
}

/** One GPU: memory by owner, its figures beside their limits, and how they went. What the driver does not tell is a dash. */
export function GpuPanel({ gpu, readings, now, reservations, limits, mostTempC }: GpuPanelProps) {
  const { t } = useTranslation();
  const parts = gpuOwners(gpu, now, reservations);
  const metrics = useGpuMetrics(gpu, limits, mostTempC);
  const of = (limit: string) => t('resources.limitOf', { limit });
  const used = gpu.usedBytes === null ? '–' : formatBytes(gpu.usedBytes);
  return (
    <Panel title={`${t('resources.gpu')} · ${gpu.name}`} figure={`${used} / ${formatBytes(gpu.totalBytes)}`}>
      {parts ? (
        <MemoryMeter
          label={t('resources.gpuMemory')}
          totalBytes={gpu.totalBytes}
          parts={meterParts(parts, t)}
          mark={{
            label: t('resources.limitAt', { limit: formatBytes(gpuLimitBytes(gpu, limits)) }),
            atBytes: gpuLimitBytes(gpu, limits),
          }}
        />
      ) : (
        <p className="text-xs text-dim">{t('resources.gpuUseUnknown')}</p>
      )}
      {gpu.isUnified && <p className="text-xs text-dim">{t('resources.unified')}</p>}
      <OtherPrograms gpu={gpu} />
      <Figures
        figures={[
          {
            label: t('resources.temperature'),
            value: figure(gpu.tempC, '°C'),
            note: gpu.tempC === null ? null : of(String(mostTempC)),
          },
          {
            label: t('resources.power'),
            value: figure(gpu.powerWatts, 'W'),
            note: gpu.powerLimitWatts === null ? null : of(String(Math.round(gpu.powerLimitWatts))),
          },
          { label: t('resources.load'), value: percent(gpu.load) },
          { label: t('resources.fan'), value: figure(gpu.fanPercent, '%') },
        ]}
      />
      <MetricCharts metrics={metrics} readings={readings} />
    </Panel>
  );
}

const gpuLimitBytes = (gpu: Gpu, limits: LimitSet) => (gpu.totalBytes * limits.gpuMemoryPercent) / 100;

/** The GPU's charts; they change with its limits, not with each reading. */
function useGpuMetrics(gpu: Gpu, limits: LimitSet, mostTempC: number): Metric[] {
  const { t } = useTranslation();
  const { id, name, totalBytes, powerLimitWatts } = gpu;
  const { gpuMemoryPercent } = limits;
  return useMemo(() => {
    const one = (reading: Resources) => reading.gpus.find((other) => other.id === id);
    const scaled = (value: number | null | undefined, by: number) => (value == null ? null : value * by);
    const words = (metric: Metric['name']) => ({
      name: metric,
      title: t(`resources.over.${metric}`, { name }),
      axis: t(`resources.axis.${metric}`),
    });
    const limit = { label: t('resources.limit'), color: 'warn' as const };
    return [
      {
        ...words('memory'),
        lines: [
          {
            label: t('resources.used'),
            color: 'accent',
            read: (reading) => scaled(one(reading)?.usedBytes, 1 / gigabyte),
          },
        ],
        limits: [{ ...limit, value: ((totalBytes / gigabyte) * gpuMemoryPercent) / 100 }],
        format: (value) => formatBytes(value * gigabyte),
        max: totalBytes / gigabyte,
      },
      {
        ...words('temperature'),
        lines: [
          {
            label: t('resources.temperature'),
            color: 'bad',
            read: (reading) => one(reading)?.tempC ?? null,
          },
        ],
        limits: [{ ...limit, value: mostTempC }],
        format: (value) => figure(value, '°C'),
      },
      {
        ...words('power'),
        lines: [
          {
            label: t('resources.power'),
            color: 'earn',
            read: (reading) => one(reading)?.powerWatts ?? null,
          },
        ],
        limits: powerLimitWatts === null ? [] : [{ ...limit, value: powerLimitWatts }],
        format: (value) => figure(value, 'W'),
      },
      {
        ...words('load'),
        lines: [
          {
            label: t('resources.load'),
            color: 'info',
            read: (reading) => scaled(one(reading)?.load, 100),
          },
          {
            label: t('resources.fan'),
            color: 'dim',
            read: (reading) => one(reading)?.fanPercent ?? null,
          },
        ],
        format: (value) => figure(value, '%'),
        max: 100,
      },
    ];
  }, [t, id, name, totalBytes, powerLimitWatts, gpuMemoryPercent, mostTempC]);
}
