/** A loaded model as the choice of what to unload sees it. Times in Unix ms. */
export interface LoadedModelState {
  id: string;
  /** Jobs at work on it. */
  leases: number;
  lastUsedAt: number;
  pinned: boolean;
  ramBytes: number;
  gpuBytes: number;
}

export interface Memory {
  ramBytes: number;
  gpuBytes: number;
}

export type RoomDecision =
  | { kind: 'load' }
  | { kind: 'unload'; id: string }
  /** Room comes when these have no jobs any more. */
  | { kind: 'wait'; ids: string[] }
  | { kind: 'refuse'; missing: 'ram' | 'gpu'; needsBytes: number; freeBytes: number };

/**
 * What has to happen before a model is loaded: idle models go least recently used first, pinned ones never; models at work
 * are waited for. `free` is what is left below the ceiling, all programs' use counted.
 */
export function makeRoom(options: {
  loaded: LoadedModelState[];
  needs: Memory;
  free: Memory;
  mostLoaded: number;
}): RoomDecision {
  const { loaded, needs, free, mostLoaded } = options;
  const isFull = loaded.length >= mostLoaded;
  const missing = needs.gpuBytes > free.gpuBytes ? 'gpu' : needs.ramBytes > free.ramBytes ? 'ram' : null;
  if (!isFull && missing === null) return { kind: 'load' };
  const movable = loaded.filter(({ pinned }) => !pinned);
  const idle = movable.filter(({ leases }) => leases === 0).sort((a, b) => a.lastUsedAt - b.lastUsedAt)[0];
  if (idle) return { kind: 'unload', id: idle.id };
  if (movable.length > 0) return { kind: 'wait', ids: movable.map(({ id }) => id) };
  // Only pinned models are loaded: more of them than the setting allows is the operator's wish.
  if (missing === null) return { kind: 'load' };
  const which = missing === 'gpu' ? 'gpuBytes' : 'ramBytes';
  return { kind: 'refuse', missing, needsBytes: needs[which], freeBytes: free[which] };
}

/** Models that nobody has asked for in `idleMs`; pinned ones stay. */
export function idleModels(loaded: LoadedModelState[], nowMs: number, idleMs: number): string[] {
  return loaded
    .filter(({ leases, pinned, lastUsedAt }) => leases === 0 && !pinned && nowMs - lastUsedAt >= idleMs)
    .map(({ id }) => id);
}

/** From this share of the ceiling on, memory is given back. */
export const pressureShare = 0.9;

const pressures = ['none', 'shrink-caches', 'unload-idle', 'make-room', 'refuse-work'] as const;
/** `make-room`: caches and idle models at once, since somebody else takes the memory now. */
export type Pressure = (typeof pressures)[number];

/** The heavier of two: what is done for one memory does not wait for the other's steps. */
export const heavier = (a: Pressure, b: Pressure): Pressure =>
  pressures.indexOf(a) >= pressures.indexOf(b) ? a : b;

/**
 * The next thing to do about the memory in use, one step a reading: caches first, then idle models, then no new work until it
 * is below again. Above `grabBytes` there is no time for steps.
 */
export function pressureOf(options: {
  usedBytes: number;
  ceilingBytes: number;
  grabBytes?: number;
  cacheBytes: number;
  idleModels: number;
}): Pressure {
  const { usedBytes, ceilingBytes, grabBytes = ceilingBytes, cacheBytes, idleModels: idle } = options;
  if (ceilingBytes === 0 || usedBytes <= ceilingBytes * pressureShare) return 'none';
  if (usedBytes > grabBytes && cacheBytes + idle > 0) return 'make-room';
  if (cacheBytes > 0) return 'shrink-caches';
  return idle > 0 ? 'unload-idle' : 'refuse-work';
}
