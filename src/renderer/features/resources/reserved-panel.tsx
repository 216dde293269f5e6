import { useTranslation } from 'react-i18next';
import type { Reservation } from '#contract/hybrid.ts';
import { formatBytes } from '../../lib/format.ts';
import { Panel } from './panel.tsx';

const size = (bytes: number | null) => (bytes === null ? '–' : formatBytes(bytes));

/** What is set aside for each piece of work beside what is measured of it. */
export function ReservedPanel({ reservations }: { reservations: readonly Reservation[] }) {
  const { t } = useTranslation();
  const hasGpu = reservations.some(({ gpuBytes, usedGpuBytes }) => gpuBytes > 0 || usedGpuBytes !== null);
  const titles = [...(hasGpu ? ['gpuReserved', 'gpuMeasured'] : []), 'ramReserved', 'ramMeasured'];
  return (
    <Panel title={t('resources.reserved')}>
      <p className="text-xs text-dim">
        {t(reservations.length === 0 ? 'resources.nothingReserved' : 'resources.reservedText')}
      </p>
      {reservations.length > 0 && (
        <table className="w-full border-collapse text-sm">
          <thead className="text-xs text-dim">
            <tr>
              <th scope="col" className="pb-1.5 text-start font-normal">
                {t('resources.work')}
              </th>
              {titles.map((title) => (
                <th key={title} scope="col" className="pb-1.5 ps-3 text-end font-normal">
                  {t(`resources.${title}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {reservations.map(({ id, name, owner, gpuBytes, usedGpuBytes, ramBytes, usedRamBytes }) => (
              <tr key={id} className="border-t border-line">
                <th scope="row" className="py-1.5 text-start font-normal">
                  {name} <span className="text-xs text-dim">{t(`resources.owner.${owner}`)}</span>
                </th>
                {hasGpu && (
                  <>
                    <td className="py-1.5 text-end">{size(gpuBytes)}</td>
                    <td className="py-1.5 text-end">{size(usedGpuBytes)}</td>
                  </>
                )}
                <td className="py-1.5 text-end">{size(ramBytes)}</td>
                <td className="py-1.5 text-end">{size(usedRamBytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
