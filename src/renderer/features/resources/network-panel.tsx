import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { LimitSet } from '#contract/manners.ts';
import type { Resources } from '#contract/resources.ts';
import { formatBytes, formatMbps } from '../../lib/format.ts';
import { LevelMeter } from '../../ui/level-meter.tsx';
import { Panel } from './panel.tsx';
import { ReadingChart, type ReadingLine } from './reading-chart.tsx';

const mbps = (bytesPerSecond: number | null) => (bytesPerSecond === null ? null : (bytesPerSecond * 8) / 1e6);

interface NetworkPanelProps {
  readings: readonly Resources[];
  now: Resources;
  limits: LimitSet;
  capGigabytes: number | null;
}

/** What goes over the network, and how much of the month's volume the node has used. */
export function NetworkPanel({ readings, now, limits, capGigabytes }: NetworkPanelProps) {
  const { t } = useTranslation();
  const { receivedBytesPerSecond, sentBytesPerSecond, monthBytes } = now.network;
  const isKnown = receivedBytesPerSecond !== null || sentBytesPerSecond !== null;
  const lines = useMemo(
    (): ReadingLine[] => [
      {
        label: t('resources.received'),
        color: 'info',
        read: ({ network }) => mbps(network.receivedBytesPerSecond),
      },
      {
        label: t('resources.sent'),
        color: 'accent',
        read: ({ network }) => mbps(network.sentBytesPerSecond),
      },
    ],
    [t],
  );
  const chartLimits = useMemo(
    () =>
      limits.networkMbps === null
        ? []
        : [{ label: t('resources.ownLimit'), color: 'warn' as const, value: limits.networkMbps }],
    [t, limits.networkMbps],
  );
  const used = formatBytes(monthBytes);
  return (
    <Panel title={t('resources.network')}>
      <LevelMeter
        label={t('resources.month')}
        text={capGigabytes === null ? used : t('resources.ofCap', { used, cap: capGigabytes })}
        share={capGigabytes === null ? null : monthBytes / (capGigabytes * 1e9)}
      />
      {isKnown ? (
        <ReadingChart
          title={t('resources.over.network')}
          readings={readings}
          lines={lines}
          limits={chartLimits}
          axis={t('resources.axis.network')}
          format={formatMbps}
        />
      ) : (
        <p className="text-sm text-dim">{t('resources.networkUnknown')}</p>
      )}
    </Panel>
  );
}
