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
  const hybrid = useSignal('hybrid.status');
  const reservations = hybrid?.reservations ?? [];
  const inForce = useSignal('node.status')?.limits ?? 'idle';
  const now = readings.at(-1);
  if (!now) return <TableSkeleton label={t('resources.loading')} />;
  const limits = inForce === 'in-use' ? settings.limitsInUse : settings.limitsIdle;
  const shared = { readings, now, limits };
  const panels = [
    ...now.gpus.map((gpu) => ({
      key: gpu.id,
      heightPx: 500,
      panel: <GpuPanel {...shared} gpu={gpu} reservations={reservations} mostTempC={settings.mostTempC} />,
    })),
    { key: 'ram', heightPx: 350, panel: <RamPanel {...shared} reservations={reservations} /> },
    { key: 'cpu', heightPx: 380, panel: <CpuPanel {...shared} mostTempC={settings.mostTempC} /> },
    {
      key: 'network',
      heightPx: 330,
      panel: <NetworkPanel {...shared} capGigabytes={settings.monthlyNetworkGigabytes} />,
    },
    {
      key: 'disk',
      heightPx: 145,
      panel: (
        <DiskPanel
          disk={now.disk}
          reserveGigabytes={settings.diskReserveGigabytes}
          allowance={hybrid?.allowance}
        />
      ),
    },
    { key: 'announced', heightPx: 215, panel: <HardwarePanel /> },
  ];
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      {now.gpus.length === 0 && <p className="text-sm text-dim lg:col-span-2">{t('resources.noGpu')}</p>}
      {inColumns(panels).map((column) => (
        <div key={column[0]?.key} className="grid min-w-0 gap-4">
          {column.map(({ key, panel }) => (
            <div key={key} className="min-w-0">
              {panel}
            </div>
          ))}
        </div>
      ))}
      <div className="min-w-0 lg:col-span-2">
        <ReservedPanel reservations={reservations} />
      </div>
    </div>
  );
}

/** Two columns of about the same height, in the order of the list. */
function inColumns<T extends { heightPx: number }>(panels: readonly T[]): [T[], T[]] {
  const columns: [T[], T[]] = [[], []];
  const heights = [0, 0];
  for (const panel of panels) {
    const column = (heights[0] ?? 0) <= (heights[1] ?? 0) ? 0 : 1;
    columns[column].push(panel);
    heights[column] = (heights[column] ?? 0) + panel.heightPx;
  }
  return columns;
}
