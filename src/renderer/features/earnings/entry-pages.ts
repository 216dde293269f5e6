import type { Entry } from '#contract/earnings.ts';

/** Entries that were read, by how many older ones the filter lets through: a number that new entries leave as it is. */
export interface EntryPages {
  total: number;
  entries: ReadonlyMap<number, Entry>;
}

const blockSize = 100;
const mostKept = 4000;

/** What was read from a row on, joined with what was read before; far more than fits the view is let go. */
export function withEntries(
  pages: EntryPages | null,
  page: { entries: readonly Entry[]; total: number; row: number },
): EntryPages {
  const { total, row } = page;
  // Fewer than before: entries have left this filter, and all others may stand elsewhere.
  const kept = pages && total >= pages.total && pages.entries.size < mostKept ? [...pages.entries] : [];
  const entries = new Map(kept);
  page.entries.forEach((entry, index) => {
    entries.set(total - 1 - row - index, entry);
  });
  return { total, entries };
}

/** Which rows to read so that those from `first` to `end` are there; `isStale`: all of them, and the newest, again. */
export function missingBlocks(
  pages: EntryPages | null,
  first: number,
  end: number,
  isStale: boolean,
): { row: number; limit: number }[] {
  if (!pages || pages.total === 0) return [{ row: 0, limit: blockSize }];
  const { total, entries } = pages;
  const oldest = Math.max(0, total - end);
  const newest = Math.min(total - 1, total - 1 - first);
  const blocks: { row: number; limit: number }[] = [];
  for (let block = Math.floor(oldest / blockSize); block <= Math.floor(newest / blockSize); block += 1) {
    const from = block * blockSize;
    const until = Math.min(total, from + blockSize);
    const isMissing = () => {
      for (let at = Math.max(from, oldest); at < Math.min(until, newest + 1); at += 1)
        if (!entries.has(at)) return true;
      return false;
    };
    if (isStale || isMissing()) blocks.push({ row: total - until, limit: until - from });
  }
  // The first row tells how many there are now.
  if (isStale && !blocks.some(({ row }) => row === 0)) blocks.push({ row: 0, limit: blockSize });
  return blocks;
}
