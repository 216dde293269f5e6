import { useTranslation } from 'react-i18next';
import type { HybridStatus } from '#contract/hybrid.ts';
import type { Resources } from '#contract/resources.ts';
import { formatBytes } from '../../lib/format.ts';
import { MemoryMeter } from '../../ui/memory-meter.tsx';
import { Panel } from './panel.tsx';

/** The disk that holds the models, with what must stay free of it and how the rest is divided. */
export function DiskPanel({
  disk,
  reserveGigabytes,
  allowance,
}: {
  disk: Resources['disk'];
  reserveGigabytes: number;
  allowance: HybridStatus['allowance'] | undefined;
}) {
  const { t } = useTranslation();
  if (!disk)
    return (
      <Panel title={t('resources.disk')} figure="–">
        <p className="text-sm text-dim">{t('resources.diskUnknown')}</p>
      </Panel>
    );
  const { totalBytes, freeBytes } = disk;
  const usedBytes = totalBytes - freeBytes;
  const models = allowance?.inference.diskBytes;
  const training = allowance?.training.diskBytes;
  return (
    <Panel title={t('resources.disk')} figure={t('resources.free', { free: formatBytes(freeBytes) })}>
      <MemoryMeter
        label={t('resources.disk')}
        totalBytes={totalBytes}
        parts={[
          {
            key: 'used',
            label: t('resources.diskUsed'),
            text: formatBytes(usedBytes),
            sizeBytes: usedBytes,
            color: 'dim',
          },
          {
            key: 'free',
            label: t('resources.owner.free'),
            text: formatBytes(freeBytes),
            sizeBytes: freeBytes,
            color: 'none',
          },
        ]}
        mark={{
          label: t('resources.reserve', { size: formatBytes(reserveGigabytes * 1e9) }),
          atBytes: totalBytes - reserveGigabytes * 1e9,
        }}
      />
      <p className="text-xs text-dim">{t('resources.diskTotal', { total: formatBytes(totalBytes) })}</p>
      {models !== undefined && training !== undefined && (
        <p className="text-xs text-dim">
          {t('resources.diskParts', { models: formatBytes(models), training: formatBytes(training) })}
        </p>
      )}
    </Panel>
  );
}
