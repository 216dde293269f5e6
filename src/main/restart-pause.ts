const firstPauseMs = 500;
const mostPauseMs = 30_000;
const mostCrashes = 6;

/** A host that ran so long before it crashed begins anew. */
export const steadyMs = 60_000;

/** How long to wait before a host that crashed so often in a row (1 or more) is started again; null: not any more. */
export const restartPauseMs = (crashes: number): number | null =>
  crashes >= mostCrashes ? null : Math.min(firstPauseMs * 2 ** (crashes - 1), mostPauseMs);
