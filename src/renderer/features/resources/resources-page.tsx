import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Resources } from '#contract/resources.ts';
import { client } from '../../lib/client.ts';
import { formatBytes } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Page } from '../../ui/page.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';
import { GpuPanel } from './gpu-panel.tsx';
import { HardwarePanel } from './hardware-panel.tsx';
import { MemoryBar } from './memory-bar.tsx';
import { gpuParts, ramParts } from './memory-parts.ts';
import { Panel } from './panel.tsx';
import { ReadingChart } from './reading-chart.tsx';
import { withReadings } from './reading-list.ts';

/** What this computer has, what the model takes of it, and how that went over the last minutes. */
export function ResourcesPage() {
  const { t } = useTranslation();
  const readings = useReadings();
  const now = readings.at(-1);
  const gpus =
    now?.gpus.map((gpu, place) => ({ id: `${place} ${gpu.name}`, gpu, parts: gpuParts(now, place) })) ?? [];
  return (
    <Page title={t('resources.title')}>
      {now ? (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          {now.gpus.length === 0 && <p className="text-sm text-dim lg:col-span-2">{t('resources.noGpu')}</p>}
          {gpus.map(({ id, gpu, parts }) => (
            <GpuPanel key={id} gpu={gpu} parts={parts} />
          ))}
          <Panel
            title={t('resources.ram')}
            figure={`${formatBytes(now.ram.usedBytes)} / ${formatBytes(now.ram.totalBytes)}`}
          >
            <MemoryBar label={t('resources.ram')} parts={ramParts(now)} />
            <ReadingChart readings={readings} kind="ram" />
          </Panel>
          <Panel title={`${t('resources.cpu')} · ${now.cpu.model}`} figure={percent(now.cpu.load)}>
            <p className="text-xs text-dim">{t('resources.cores', { count: now.cpu.cores })}</p>
            <ReadingChart readings={readings} kind="cpu" />
          </Panel>
          <Panel
            title={t('resources.disk')}
            figure={now.disk ? t('resources.free', { free: formatBytes(now.disk.freeBytes) }) : '–'}
          >
            <p className="text-sm text-dim">
              {now.disk
                ? t('resources.diskTotal', { total: formatBytes(now.disk.totalBytes) })
                : t('resources.diskUnknown')}
            </p>
          </Panel>
          <HardwarePanel />
        </div>
      ) : (
        <TableSkeleton label={t('resources.loading')} />
      )}
    </Page>
  );
}

const percent = (share: number | null) => (share === null ? '–' : `${Math.round(share * 100)} %`);

/** The last minutes from the host, then each new reading. */
function useReadings(): readonly Resources[] {
  const [readings, setReadings] = useState<readonly Resources[]>([]);
  const current = useSignal('resources.current');
  useEffect(() => {
    let wanted = true;
    client.request('resources.history', {}).then((answer) => {
      if (wanted && answer.ok) setReadings((old) => withReadings(old, answer.data));
    });
    return () => {
      wanted = false;
    };
  }, []);
  useEffect(() => {
    if (current) setReadings((old) => withReadings(old, [current]));
  }, [current]);
  return readings;
}
