import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';
import { CpuPanel } from './cpu-panel.tsx';
import { DiskPanel } from './disk-panel.tsx';
import { GpuPanel } from './gpu-panel.tsx';
import { HardwarePanel } from './hardware-panel.tsx';
import { NetworkPanel } from './network-panel.tsx';
import { RamPanel } from './ram-panel.tsx';
import { ReservedPanel } from './reserved-panel.tsx';
import { useReadings } from './use-readings.ts';

/** What this computer has, who takes what of it, and how that went over the last minutes against the limits in force. */
export function MachineNow({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  const readings = useReadings();
  const reservations = useSignal('hybrid.status')?.reservations ?? [];
  const inForce = useSignal('node.status')?.limits ?? 'idle';
  const now = readings.at(-1);
  if (!now) return <TableSkeleton label={t('resources.loading')} />;
  const limits = inForce === 'in-use' ? settings.limitsInUse : settings.limitsIdle;
  const shared = { readings, now, limits };
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      {now.gpus.length === 0 && <p className="text-sm text-dim lg:col-span-2">{t('resources.noGpu')}</p>}
      {now.gpus.map((gpu) => (
        <GpuPanel
          key={gpu.id}
          {...shared}
          gpu={gpu}
          reservations={reservations}
          mostTempC={settings.mostTempC}
        />
      ))}
      <RamPanel {...shared} reservations={reservations} />
      <CpuPanel {...shared} mostTempC={settings.mostTempC} />
      <NetworkPanel {...shared} capGigabytes={settings.monthlyNetworkGigabytes} />
      <div className="grid gap-4">
        <DiskPanel disk={now.disk} reserveGigabytes={settings.diskReserveGigabytes} />
        <HardwarePanel />
      </div>
      <div className="lg:col-span-2">
        <ReservedPanel reservations={reservations} />
      </div>
    </div>
  );
}
