import { AppError } from '#contract/errors.ts';
import type { MemoryLedger } from '../hybrid/memory-ledger.ts';
import { reserveModel } from './model-memory.ts';
import type { Found, PoolSettings } from './model-pool.ts';
import { type LoadedModelState, type Memory, makeRoom } from './pool-policy.ts';

/** Makes room for a model before it is loaded; for one at a time. */
interface PoolRoom {
  /** Unloads idle models until it fits, waiting for busy ones where it must. Rejects with `inference/out-of-memory` or the signal's reason. */
  make(id: string, model: Found, signal: AbortSignal): Promise<void>;
  /** Whether a model takes no new jobs, since another one waits for its room. */
  isYielding(id: string): boolean;
  /** A model has no more jobs. */
  leaseEnded(): void;
}

export function createPoolRoom(parts: {
  settings(): PoolSettings;
  /** Left below the ceilings, all programs' use counted, as of this moment. */
  freeMemory(): Promise<Memory>;
  memory: Pick<MemoryLedger, 'reserve' | 'room'>;
  /** Asks caches for their memory; false where they have none. */
  giveBack?(): boolean;
  states(): LoadedModelState[];
  unload(id: string): Promise<void>;
  /** Resolves when the memory of models that are going is free. */
  settled(): Promise<void>;
}): PoolRoom {
  let yielding = new Set<string>();
  let onLeaseEnd: (() => void) | null = null;

  async function make(id: string, model: Found, signal: AbortSignal): Promise<void> {
    const { needs } = model;
    try {
      for (;;) {
        await parts.settled();
        const free = lesser(await parts.freeMemory(), parts.memory.room('model'));
        signal.throwIfAborted();
        const { mostLoaded } = parts.settings();
        const decision = makeRoom({ loaded: parts.states(), needs, free, mostLoaded });
        if (decision.kind === 'load') return;
        if (needs.ramBytes > free.ramBytes && parts.giveBack?.()) continue;
        if (decision.kind === 'unload') await parts.unload(decision.id);
        else if (decision.kind === 'wait') {
          yielding = new Set(decision.ids);
          await new Promise<void>((resolve) => {
            onLeaseEnd = resolve;
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        } else {
          // Where it is other work of the node that has the memory, its refusal says which.
          reserveModel(parts.memory, model).release();
          throw new AppError(
            'inference/out-of-memory',
            `“${id}” needs ${megabytes(decision.needsBytes)} of ${decision.missing === 'gpu' ? 'GPU memory' : 'memory'}; ${megabytes(decision.freeBytes)} are free for it.`,
            {
              retryAfterSeconds: 30,
              data: { needsBytes: decision.needsBytes, freeBytes: decision.freeBytes },
            },
          );
        }
      }
    } finally {
      yielding = new Set();
      onLeaseEnd = null;
    }
  }

  return {
    make,
    isYielding: (id) => yielding.has(id),
    leaseEnded: () => onLeaseEnd?.(),
  };
}

const lesser = (a: Memory, b: Memory): Memory => ({
  ramBytes: Math.min(a.ramBytes, b.ramBytes),
  gpuBytes: Math.min(a.gpuBytes, b.gpuBytes),
});

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6).toLocaleString('en')} MB`;
