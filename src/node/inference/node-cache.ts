import type { Clock } from '../clock.ts';
import { type CacheRoom, createCacheRoom } from '../hybrid/cache-room.ts';
import type { MemoryLedger } from '../hybrid/memory-ledger.ts';
import type { SettingsStore } from '../settings-store.ts';
import { createResponseCache, type ResponseCache } from './response-cache.ts';
import { followSharedCache } from './shared-cache.ts';

/** Kept answers over this node's settings, in reserved memory, and in what several nodes share. */
export function createNodeCache(parts: {
  settings: Pick<SettingsStore, 'current'>;
  memory: Pick<MemoryLedger, 'reserve' | 'room'>;
  clock: Clock;
  onSharedFault(thrown: unknown): void;
}): { cache: ResponseCache; room: CacheRoom; dispose(): void } {
  const { memory, clock } = parts;
  const settings = () => parts.settings.current.get();
  const shared = followSharedCache(() => settings().responseCacheUrl, parts.onSharedFault);
  const room = createCacheRoom({ settings: parts.settings.current, memory, cache: () => cache });
  const cache = createResponseCache({
    shared: shared.current,
    mostBytes: room.bytes,
    ttlMs: () => settings().responseCacheMinutes * 60_000,
    clock,
  });
  return { cache, room, dispose: shared.dispose };
}
