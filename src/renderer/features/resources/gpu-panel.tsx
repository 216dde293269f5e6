import { useTranslation } from 'react-i18next';
import type { Gpu } from '#contract/resources.ts';
import { formatBytes } from '../../lib/format.ts';
import { MemoryBar } from './memory-bar.tsx';
import type { MemoryParts } from './memory-parts.ts';
import { Panel } from './panel.tsx';

/** One GPU: memory by owner, load, temperature and power, where the driver tells them. */
export function GpuPanel({ gpu, parts }: { gpu: Gpu; parts: MemoryParts | null }) {
  const { t } = useTranslation();
  const used = gpu.usedBytes === null ? '–' : formatBytes(gpu.usedBytes);
  const figures = [
    { label: t('resources.load'), value: gpu.load === null ? '–' : `${Math.round(gpu.load * 100)} %` },
    { label: t('resources.temperature'), value: gpu.tempC === null ? '–' : `${Math.round(gpu.tempC)} °C` },
    { label: t('resources.power'), value: gpu.powerWatts === null ? '–' : `${Math.round(gpu.powerWatts)} W` },
  ];
  return (
    <Panel title={`${t('resources.gpu')} · ${gpu.name}`} figure={`${used} / ${formatBytes(gpu.totalBytes)}`}>
      {parts ? (
        <MemoryBar label={t('resources.gpuMemory')} parts={parts} />
      ) : (
        <p className="text-xs text-dim">{t('resources.gpuUseUnknown')}</p>
      )}
      <dl className="flex gap-6 text-sm">
        {figures.map(({ label, value }) => (
          <div key={label}>
            <dt className="text-xs text-dim">{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
