import type { Entry } from '#contract/earnings.ts';

/** Entries read so far, newest first, and how many there are in all. */
export interface EntryList {
  entries: readonly Entry[];
  total: number;
}

/**
 * Joins a page with what was read before: the page's entries replace those with their ids, since an entry's
 * state changes when the gateway answers.
 */
export function withPage(list: EntryList | null, page: EntryList): EntryList {
  if (!list || list.entries.length === 0) return page;
  const byId = new Map(list.entries.map((entry) => [entry.id, entry]));
  for (const entry of page.entries) byId.set(entry.id, entry);
  const entries = [...byId.values()].sort((a, b) => b.id - a.id);
  return { entries, total: page.total };
}

export const oldestId = (list: EntryList | null): number | undefined => list?.entries.at(-1)?.id;
export const isWhole = (list: EntryList): boolean => list.entries.length >= list.total;
