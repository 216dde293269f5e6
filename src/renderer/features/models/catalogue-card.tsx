import { Check, Download as DownloadIcon, TriangleAlert } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { OfferedEntry } from '#contract/catalogue.ts';
import type { Download } from '#contract/download.ts';
import type { Model } from '#contract/model.ts';
import { act } from '../../lib/act.ts';
import { client } from '../../lib/client.ts';
import { formatBytes } from '../../lib/format.ts';
import { formatParameters } from '../../lib/format-parameters.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';

const keyOf = (entry: OfferedEntry) => entry.id;

/** Open models that can be downloaded, and which of them this computer can serve. */
export function CatalogueCard({
  models,
  downloads,
}: {
  models: readonly Model[];
  downloads: readonly Download[];
}) {
  const { t } = useTranslation();
  const [entries, setEntries] = useState<OfferedEntry[] | null>(null);
  useEffect(() => {
    void client.request('models.catalogue', {}).then((result) => result.ok && setEntries(result.data));
  }, []);
  const here = useMemo(() => new Set(models.map(({ id }) => id)), [models]);
  const underWay = useMemo(
    () => new Set(downloads.filter(({ state }) => state.state !== 'done').map(({ id }) => id)),
    [downloads],
  );
  const columns = useMemo<Column<OfferedEntry>[]>(
    () => [
      {
        key: 'name',
        title: t('models.name'),
        width: 'minmax(9rem,1.4fr)',
        cell: (entry) => (
          <span className="grid leading-tight">
            <span className="font-medium">{entry.name}</span>
            <span className="text-xs text-dim">
              {entry.publisher} · {entry.licence}
            </span>
          </span>
        ),
      },
      {
        key: 'parameters',
        wideOnly: true,
        title: t('models.parameters'),
        width: '5.5rem',
        align: 'end',
        cell: (entry) => formatParameters(entry.parameters),
      },
      {
        key: 'size',
        title: t('models.downloadSize'),
        width: '5.5rem',
        align: 'end',
        cell: (entry) => `≈ ${formatBytes(entry.downloadBytes)}`,
      },
      {
        key: 'needs',
        title: t('models.needs'),
        width: '5.5rem',
        align: 'end',
        cell: (entry) => `≈ ${formatBytes(entry.needsBytes)}`,
      },
      {
        key: 'fits',
        title: t('models.state'),
        width: 'minmax(8rem,1fr)',
        cell: (entry) =>
          here.has(entry.id) ? (
            <span className="text-earn">{t('models.states.here')}</span>
          ) : entry.fits ? (
            <span className="inline-flex items-center gap-1.5">
              <Check size={14} aria-hidden /> {t('models.states.fits')}
            </span>
          ) : (
            <span className="inline-flex items-center gap-1.5 text-warn">
              <TriangleAlert size={14} aria-hidden /> {t('models.states.tooLarge')}
            </span>
          ),
      },
      {
        key: 'download',
        title: t('models.download'),
        hideTitle: true,
        width: '7rem',
        align: 'end',
        cell: (entry) =>
          !here.has(entry.id) &&
          entry.fits && (
            <Button
              size="small"
              disabled={underWay.has(entry.id)}
              aria-label={t('models.downloadName', { name: entry.name })}
              onClick={() => act('downloads.start', { id: entry.id })}
            >
              <DownloadIcon size={13} aria-hidden /> {t('models.download')}
            </Button>
          ),
      },
    ],
    [t, here, underWay],
  );
  return (
    <Card title={t('models.catalogue')}>
      {entries === null ? (
        <TableSkeleton label={t('models.loading')} />
      ) : (
        <Table
          label={t('models.catalogue')}
          columns={columns}
          rows={entries}
          keyOf={keyOf}
          rowHeightPx={48}
          className="max-h-[34rem]"
        />
      )}
      <p className="mt-2 text-xs text-dim">{t('models.catalogueNote')}</p>
    </Card>
  );
}
