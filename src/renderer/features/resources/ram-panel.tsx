import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Reservation } from '#contract/hybrid.ts';
import type { LimitSet } from '#contract/manners.ts';
import type { Resources } from '#contract/resources.ts';
import { formatBytes } from '../../lib/format.ts';
import { meterParts } from '../../lib/memory-meter-parts.ts';
import { ramOwners } from '../../lib/memory-owners.ts';
import { MemoryMeter } from '../../ui/memory-meter.tsx';
import { Panel } from './panel.tsx';
import { ReadingChart, type ReadingLine } from './reading-chart.tsx';

const gigabyte = 1e9;
const formatGigabytes = (value: number) => formatBytes(value * gigabyte);

interface RamPanelProps {
  readings: readonly Resources[];
  now: Resources;
  reservations: readonly Reservation[];
  limits: LimitSet;
}

/** Main memory by owner, and how it went; the limit is the node's own. */
export function RamPanel({ readings, now, reservations, limits }: RamPanelProps) {
  const { t } = useTranslation();
  const { totalBytes, usedBytes } = now.ram;
  const lines = useMemo(
    (): ReadingLine[] => [
      { label: t('resources.used'), color: 'dim', read: ({ ram }) => ram.usedBytes / gigabyte },
      {
        label: t('resources.own'),
        color: 'accent',
        read: ({ own }) => (own.hostBytes + own.engineBytes + own.trainingBytes) / gigabyte,
      },
    ],
    [t],
  );
  const chartLimits = useMemo(
    () => [
      {
        label: t('resources.ownLimit'),
        color: 'warn' as const,
        value: ((totalBytes / gigabyte) * limits.ramPercent) / 100,
      },
    ],
    [t, totalBytes, limits.ramPercent],
  );
  return (
    <Panel title={t('resources.ram')} figure={`${formatBytes(usedBytes)} / ${formatBytes(totalBytes)}`}>
      <MemoryMeter
        label={t('resources.ram')}
        totalBytes={totalBytes}
        parts={meterParts(ramOwners(now, reservations), t)}
      />
      <ReadingChart
        title={t('resources.charts.ram')}
        readings={readings}
        lines={lines}
        limits={chartLimits}
        axis={t('resources.axis.memory')}
        format={formatGigabytes}
        max={totalBytes / gigabyte}
      />
    </Panel>
  );
}
