import { useTranslation } from 'react-i18next';
import type { Resources } from '#contract/resources.ts';
import { meterParts } from '../../lib/memory-meter-parts.ts';
import { gpuOwners, ramOwners } from '../../lib/memory-owners.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Card } from '../../ui/card.tsx';
import { MemoryMeter } from '../../ui/memory-meter.tsx';

/** Memory by owner: of the first GPU where there is one, else the computer's. */
export function MemoryCard({ resources }: { resources: Resources | undefined }) {
  const { t } = useTranslation();
  const reservations = useSignal('hybrid.status')?.reservations ?? [];
  const gpu = resources?.gpus[0];
  const title = gpu ? t('dashboard.gpuMemory', { name: gpu.name }) : t('dashboard.memory');
  const parts =
    resources && (gpu ? gpuOwners(gpu, resources, reservations) : ramOwners(resources, reservations));
  return (
    <Card title={title}>
      {parts ? (
        <MemoryMeter
          label={title}
          totalBytes={gpu?.totalBytes ?? resources.ram.totalBytes}
          parts={meterParts(parts, t)}
        />
      ) : (
        <p className="text-sm text-dim">{resources ? t('resources.gpuUseUnknown') : '–'}</p>
      )}
    </Card>
  );
}
