import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Entry, EntryFilter } from '#contract/earnings.ts';
import { formatAmount, type ShownUnit, shownUnit } from '../../lib/amount.ts';
import { formatMoment, formatTokens, shortAddress } from '../../lib/format.ts';
import { openRoute, useRoute } from '../../lib/routes.ts';
import { Drawer } from '../../ui/drawer.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';
import { EntryDetailView } from './entry-detail.tsx';
import { emptyDraft, filterOf } from './entry-filter.ts';
import { EntryFilterBar } from './entry-filter-bar.tsx';
import { EntryStateMark } from './entry-state.tsx';
import { useEntryRows } from './use-entry-rows.ts';

const keyOf = (entry: Entry) => entry.id;
const open = (entry: Entry) => openRoute('earnings', String(entry.id));
const typingMs = 250;

/** The model that was asked for, and of a proxied job who answered. */
const modelCell = ({ model, proxied }: Entry) =>
  proxied ? (
    <span title={proxied.target}>
      {model} <span className="text-dim">· {proxied.target}</span>
    </span>
  ) : (
    model
  );

/** Every booked job, newest first, narrowed down by the filter. */
export function EntryTable({ unit }: { unit: ShownUnit }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(emptyDraft);
  const filter = useSettled(useMemo(() => filterOf(draft), [draft]));
  const openId = Number(useRoute().detail ?? Number.NaN);
  return (
    <section className="rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <h2 className="mb-3 text-xs font-medium text-dim">{t('earnings.entriesTitle')}</h2>
      <EntryFilterBar draft={draft} onChange={setDraft} />
      <FilteredEntries key={JSON.stringify(filter)} filter={filter} unit={unit} />
      <Drawer
        open={Number.isInteger(openId)}
        title={t('earnings.detail')}
        closeLabel={t('earnings.close')}
        onClose={() => openRoute('earnings')}
      >
        {Number.isInteger(openId) && <EntryDetailView key={openId} id={openId} />}
      </Drawer>
    </section>
  );
}

/** A filter after its fields have rested: each letter typed is no question of its own. */
function useSettled(filter: EntryFilter): EntryFilter {
  const [settled, setSettled] = useState(filter);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(filter), typingMs);
    return () => clearTimeout(timer);
  }, [filter]);
  return settled;
}

function FilteredEntries({ filter, unit }: { filter: EntryFilter; unit: ShownUnit }) {
  const { t } = useTranslation();
  const { rows, isCut, error } = useEntryRows(filter);
  const columns = useColumns(unit);
  const isFiltered = Object.keys(filter).length > 0;
  const count = rows?.count ?? 0;
  return (
    <>
      {error && <ErrorNote error={error} />}
      <p aria-live="polite" className="mb-2 min-h-4 text-xs text-dim">
        {rows &&
          t(isFiltered ? 'earnings.filter.found' : 'earnings.entries', { count, shown: formatTokens(count) })}
        {isCut && ` ${t('earnings.filter.cut')}`}
      </p>
      {rows === null ? (
        <TableSkeleton label={t('earnings.loading')} />
      ) : count === 0 ? (
        <EmptyState title={t(isFiltered ? 'earnings.filter.none' : 'earnings.empty')} />
      ) : (
        <Table
          label={t('earnings.entriesTitle')}
          columns={columns}
          rows={rows}
          keyOf={keyOf}
          onOpen={open}
          className="h-[26rem]"
        />
      )}
    </>
  );
}

function useColumns(unit: ShownUnit): Column<Entry>[] {
  const { t } = useTranslation();
  return useMemo<Column<Entry>[]>(
    () => [
      { key: 'at', title: t('earnings.time'), width: '7rem', cell: (entry) => formatMoment(entry.at) },
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
          entry.type === 'training' ? (
            <span className="text-dim">{t('earnings.trainingRound')}</span>
          ) : (
            formatTokens(entry.generatedTokens)
          ),
      },
      {
        key: 'net',
        title: t('earnings.net', { unit: unit.name }),
        width: '7.5rem',
        align: 'end',
        cell: (entry) =>
          entry.asset === unit.asset ? (
            formatAmount(entry.netLamports, entry)
          ) : (
            <>
              {formatAmount(entry.netLamports, entry)}{' '}
              <span className="text-xs text-dim">{shownUnit(entry, t).name}</span>
            </>
          ),
      },
      {
        key: 'state',
        title: t('earnings.state'),
        width: '7rem',
        cell: (entry) => <EntryStateMark state={entry.state} />,
      },
    ],
    [t, unit],
  );
}
