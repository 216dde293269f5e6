import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Entry } from '#contract/earnings.ts';
import { formatSol, formatTime, formatTokens, shortAddress } from '../../lib/format.ts';
import { openRoute, useRoute } from '../../lib/routes.ts';
import { Drawer } from '../../ui/drawer.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';
import { EntryDetailView } from './entry-detail.tsx';
import { EntryStateMark } from './entry-state.tsx';
import { isTrainingRound } from './training-round.ts';
import { useEntries } from './use-entries.ts';

const keyOf = (entry: Entry) => entry.id;
const open = (entry: Entry) => openRoute('earnings', String(entry.id));

/** The model that was asked for, and of a proxied job who answered. */
const modelCell = ({ model, proxied }: Entry) =>
  proxied ? (
    <span title={proxied.target}>
      {model} <span className="text-dim">· {proxied.target}</span>
    </span>
  ) : (
    model
  );

/** Every booked job, newest first, read page by page as one scrolls. */
export function EntryTable({ unit }: { unit: string }) {
  const { t } = useTranslation();
  const { list, error, readMore } = useEntries();
  const openId = Number(useRoute().detail ?? Number.NaN);
  const columns = useMemo<Column<Entry>[]>(
    () => [
      { key: 'at', title: t('earnings.time'), width: '4.5rem', cell: (entry) => formatTime(entry.at) },
      { key: 'model', title: t('earnings.model'), width: 'minmax(4.5rem,1.4fr)', cell: modelCell },
      {
        key: 'payer',
        wideOnly: true,
        title: t('earnings.payer'),
        width: 'minmax(5.5rem,1fr)',
        cell: (entry) => <span className="text-dim">{shortAddress(entry.payer)}</span>,
      },
      {
        key: 'tokens',
        wideOnly: true,
        title: t('earnings.tokensColumn'),
        width: '7rem',
        align: 'end',
        cell: (entry) =>
          isTrainingRound(entry) ? (
            <span className="text-dim">{t('earnings.trainingRound')}</span>
          ) : (
            formatTokens(entry.generatedTokens)
          ),
      },
      {
        key: 'net',
        title: t('earnings.net', { unit }),
        width: '7rem',
        align: 'end',
        cell: (entry) => formatSol(entry.netLamports),
      },
      {
        key: 'state',
        title: t('earnings.state'),
        width: '6rem',
        cell: (entry) => <EntryStateMark state={entry.state} />,
      },
    ],
    [t, unit],
  );
  return (
    <section className="rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <h2 className="mb-3 text-xs font-medium text-dim">
        {list ? t('earnings.entries', { count: list.total }) : t('earnings.entriesTitle')}
      </h2>
      {error && <ErrorNote error={error} />}
      {list === null ? (
        <TableSkeleton label={t('earnings.loading')} />
      ) : list.entries.length === 0 ? (
        <EmptyState title={t('earnings.empty')} />
      ) : (
        <Table
          label={t('earnings.entriesTitle')}
          columns={columns}
          rows={list.entries}
          totalRows={list.total}
          keyOf={keyOf}
          onOpen={open}
          onNearEnd={readMore}
          className="max-h-[26rem]"
        />
      )}
      <Drawer
        open={Number.isInteger(openId)}
        title={t('earnings.detail')}
        closeLabel={t('earnings.close')}
        onClose={() => openRoute('earnings')}
      >
        {Number.isInteger(openId) && <EntryDetailView key={openId} id={openId} unit={unit} />}
      </Drawer>
    </section>
  );
}
