import type { MemoryLedger } from '../hybrid/memory-ledger.ts';
import type { Memory } from './pool-policy.ts';

/** What a loaded model has reserved: its weights, and its context beside them. */
export interface ModelMemory {
  /** What its engine takes in all; null while that is not known. */
  measured(used: Memory | null): void;
  /** It is loaded with half the context and half the requests at once. */
  shrink(): void;
  release(): void;
}

/** Reserves for a model both or nothing. Throws `resources/no-room`. */
export function reserveModel(
  ledger: Pick<MemoryLedger, 'reserve'>,
  { name, needs, context }: { name: string; needs: Memory; context: Memory },
): ModelMemory {
  const weights = {
    ramBytes: needs.ramBytes - context.ramBytes,
    gpuBytes: needs.gpuBytes - context.gpuBytes,
  };
  let kept = context;
  const model = ledger.reserve({ owner: 'model', name, ...weights });
  let cache: ReturnType<typeof ledger.reserve> | null = null;
  try {
    if (context.ramBytes + context.gpuBytes > 0)
      cache = ledger.reserve({ owner: 'kv-cache', name, ...context });
  } catch (thrown) {
    model.release();
    throw thrown;
  }
  /** An engine takes more than its file says: that is spoken for too, as far as there is room. */
  function grow(used: Memory): void {
    const taken = {
      ramBytes: Math.max(kept.ramBytes, used.ramBytes - weights.ramBytes),
      gpuBytes: Math.max(kept.gpuBytes, used.gpuBytes - weights.gpuBytes),
    };
    if (!cache || (taken.ramBytes === kept.ramBytes && taken.gpuBytes === kept.gpuBytes)) return;
    try {
      cache.resize(taken);
      kept = taken;
    } catch {
      // It is shown beside what is reserved.
    }
  }

  return {
    // An engine tells one figure: what goes beyond the weights is its context's.
    measured(used) {
      if (used) grow(used);
      const ramBytes = used?.ramBytes ?? null;
      const gpuBytes = used?.gpuBytes ?? null;
      const first = (whole: number | null, most: number) =>
        whole === null ? null : cache ? Math.min(whole, most) : whole;
      const rest = (whole: number | null, most: number) =>
        whole === null ? null : Math.max(0, whole - most);
      model.measured({
        ramBytes: first(ramBytes, weights.ramBytes),
        gpuBytes: first(gpuBytes, weights.gpuBytes),
      });
      cache?.measured({
        ramBytes: rest(ramBytes, weights.ramBytes),
        gpuBytes: rest(gpuBytes, weights.gpuBytes),
      });
    },
    shrink() {
      kept = { ramBytes: Math.floor(kept.ramBytes / 4), gpuBytes: Math.floor(kept.gpuBytes / 4) };
      cache?.resize(kept);
    },
    release() {
      cache?.release();
      model.release();
    },
  };
}
