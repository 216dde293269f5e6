import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Entry, EntryFilter } from '#contract/earnings.ts';
import type { ErrorBody } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { useSignal } from '../../lib/use-signal.ts';
import type { SparseRows } from '../../ui/table.tsx';
import { type EntryPages, missingBlocks, withEntries } from './entry-pages.ts';

/** A fast pull of the scrollbar asks for what it stops at, not for all that it passes. */
const restMs = 40;
const refreshMs = 1000;

interface EntryRows {
  /** Null before the first answer. */
  rows: SparseRows<Entry> | null;
  /** Too many begin as asked for: some are left out. */
  isCut: boolean;
  error: ErrorBody | null;
}

/** The filtered entries, fetched as they come into view; new ones come above, changed ones are read again. */
export function useEntryRows(filter: EntryFilter): EntryRows {
  const [pages, setPages] = useState<EntryPages | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isCut, setCut] = useState(false);
  const changes = useSignal('earnings.changed')?.changes ?? 0;
  const range = useRef({ first: 0, end: 0 });
  const latest = useRef<EntryPages | null>(null);

  const fetchRow = useCallback(
    async (row: number, limit: number) => {
      const answer = await client.request('earnings.entries', { row, limit, filter });
      setError(answer.ok ? null : answer.error);
      if (!answer.ok) return;
      latest.current = withEntries(latest.current, { ...answer.data, row });
      setPages(latest.current);
      setCut(answer.data.isCut);
    },
    [filter],
  );

  const fetchRange = useCallback(
    (isStale: boolean) => {
      const { first, end } = range.current;
      for (const { row, limit } of missingBlocks(latest.current, first, end, isStale))
        void fetchRow(row, limit);
    },
    [fetchRow],
  );

  // What changed is read again at most once a second.
  const due = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    if (changes < 0 || due.current) return;
    const wait = latest.current ? refreshMs : 0;
    due.current = setTimeout(() => {
      due.current = null;
      fetchRange(true);
    }, wait);
  }, [changes, fetchRange]);
  useEffect(
    () => () => {
      if (due.current) clearTimeout(due.current);
      due.current = null;
    },
    [],
  );

  const resting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const onRange = useCallback(
    (first: number, end: number) => {
      range.current = { first, end };
      clearTimeout(resting.current);
      resting.current = setTimeout(() => fetchRange(false), restMs);
    },
    [fetchRange],
  );
  useEffect(() => () => clearTimeout(resting.current), []);

  const rows = useMemo(
    () =>
      pages && {
        count: pages.total,
        rowAt: (index: number) => pages.entries.get(pages.total - 1 - index),
        onRange,
      },
    [pages, onRange],
  );
  return { rows, isCut, error };
}
