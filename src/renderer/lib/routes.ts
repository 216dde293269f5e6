import { useSyncExternalStore } from 'react';

export const pages = [
  'dashboard',
  'models',
  'queue',
  'training',
  'providers',
  'earnings',
  'resources',
  'settings',
] as const;
export type PageName = (typeof pages)[number];

export interface Route {
  page: PageName;
  /** What a drawer shows: the id of a job, an entry, a model, a provider, a round. */
  detail: string | null;
}

/** `#/queue/req-1`: a page, and what is open on it. */
export function parseRoute(hash: string): Route {
  const [, page = '', detail] = hash.split('/');
  const known = pages.find((name) => name === page) ?? 'dashboard';
  return { page: known, detail: detail ? decoded(detail) : null };
}

/** An address that was typed or cut may be no valid encoding; it then names nothing. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const subscribe = (listener: () => void) => {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
};

export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(subscribe, () => location.hash));
}

export function openRoute(page: PageName, detail?: string): void {
  location.hash = detail === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(detail)}`;
}
