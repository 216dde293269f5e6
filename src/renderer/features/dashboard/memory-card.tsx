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
  const totalBytes = gpu?.totalBytes ?? resources?.ram.totalBytes ?? 0;
  // The unit stands once for all of them, and what is free is seen on the bar.
  const shortParts = meterParts(parts ?? [], t)
    .filter(({ key }) => key !== 'free')
    .map((part) => ({ ...part, text: gigabytes(part.sizeBytes) }));
  return (
    <Card title={title}>
      {parts && (
        <p className="mb-2 text-xs text-dim">
          {t('dashboard.memoryUsed', {
            used: gigabytes(shortParts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)),
            total: gigabytes(totalBytes),
          })}
        </p>
      )}
      {parts ? (
        <MemoryMeter label={title} totalBytes={totalBytes} parts={shortParts} />
      ) : (
        <p className="text-sm text-dim">{resources ? t('resources.gpuUseUnknown') : '–'}</p>
      )}
    </Card>
  );
}

/** With one digit; a little is not nothing. */
const gigabytes = (bytes: number) => (bytes > 0 && bytes < 0.05e9 ? '< 0.1' : (bytes / 1e9).toFixed(1));
