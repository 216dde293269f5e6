import type { Settings } from '#contract/settings.ts';
import type { ResponseCache } from '../inference/response-cache.ts';
import type { Signal } from '../signal.ts';
import type { MemoryLedger, Reserved } from './memory-ledger.ts';

/** The memory in which answers are kept: reserved as any other, given back first. */
export interface CacheRoom {
  /** Bytes that answers may take. */
  bytes(): number;
  /** Gives all of it back; false where there is nothing. */
  giveBack(): boolean;
  /** Takes what the operator wants of what is free; and tells the ledger what is used. */
  refresh(): void;
}

export function createCacheRoom(parts: {
  settings: Signal<Settings>;
  memory: Pick<MemoryLedger, 'reserve' | 'room'>;
  cache(): Pick<ResponseCache, 'sizeBytes' | 'shrinkTo'>;
}): CacheRoom {
  let reserved: Reserved | null = null;
  let bytes = 0;

  function giveBack(): boolean {
    if (bytes === 0) return false;
    reserved?.release();
    reserved = null;
    bytes = 0;
    parts.cache().shrinkTo(0);
    return true;
  }

  return {
    bytes: () => bytes,
    giveBack,
    refresh() {
      const wanted = parts.settings.get().responseCacheMegabytes * 1e6;
      const next = Math.min(wanted, bytes + parts.memory.room('cache').ramBytes);
      if (next !== bytes) {
        reserved?.release();
        reserved =
          next > 0
            ? parts.memory.reserve({ owner: 'cache', name: 'responses', ramBytes: next, gpuBytes: 0 })
            : null;
        bytes = next;
        parts.cache().shrinkTo(next);
      }
      reserved?.measured({ ramBytes: parts.cache().sizeBytes, gpuBytes: 0 });
    },
  };
}
