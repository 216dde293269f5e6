import { useTranslation } from 'react-i18next';
import type { Resources } from '#contract/resources.ts';
import { formatBytes } from '../../lib/format.ts';
import { Card } from '../../ui/card.tsx';
import { MemoryMeter } from '../../ui/memory-meter.tsx';

/** GPU memory where there is a GPU, else the computer's. */
export function MemoryCard({ resources }: { resources: Resources | undefined }) {
  const { t } = useTranslation();
  const gpu = resources?.gpus[0];
  const title = gpu ? t('dashboard.gpuMemory', { name: gpu.name }) : t('dashboard.memory');
  const total = gpu?.totalBytes ?? resources?.ram.totalBytes ?? 1;
  const used = gpu ? (gpu.usedBytes ?? 0) : (resources?.ram.usedBytes ?? 0);
  const own = gpu
    ? (resources?.own.engineGpuBytes ?? 0)
    : (resources?.own.engineBytes ?? 0) + (resources?.own.hostBytes ?? 0);
  const others = Math.max(0, used - own);
  return (
    <Card title={title}>
      <MemoryMeter
        totalBytes={total}
        parts={[
          {
            label: t('dashboard.ours', { size: resources ? formatBytes(own) : '–' }),
            sizeBytes: own,
            color: 'accent',
          },
          {
            label: t('dashboard.others', { size: resources ? formatBytes(others) : '–' }),
            sizeBytes: others,
            color: 'dim',
          },
        ]}
      />
    </Card>
  );
}
