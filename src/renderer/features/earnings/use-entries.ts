import { useCallback, useEffect, useRef, useState } from 'react';
import type { ErrorBody } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { type EntryList, isWhole, oldestId, withPage } from './entry-list.ts';

const pageSize = 100;

/** Entries as far as they were scrolled; new and changed ones come in by themselves. */
export function useEntries(): { list: EntryList | null; error: ErrorBody | null; readMore(): void } {
  const [list, setList] = useState<EntryList | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const reading = useRef(false);
  const changes = useSignal('earnings.changed')?.changes ?? 0;

  const read = useCallback(async (beforeId: number | undefined) => {
    const answer = await client.request('earnings.entries', {
      limit: pageSize,
      ...(beforeId === undefined ? {} : { beforeId }),
    });
    if (answer.ok) setList((old) => withPage(old, answer.data));
    setError(answer.ok ? null : answer.error);
  }, []);

  useEffect(() => {
    if (changes >= 0) read(undefined);
  }, [changes, read]);

  const readMore = useCallback(() => {
    if (!list || isWhole(list) || reading.current) return;
    reading.current = true;
    read(oldestId(list)).finally(() => {
      reading.current = false;
    });
  }, [list, read]);

  return { list, error, readMore };
}
