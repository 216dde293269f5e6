import type { Resources } from '#contract/resources.ts';
import type { ErrorBody } from '#contract/result.ts';
import { createSignal, type Signal } from '../signal.ts';
import type { ModelPool } from './model-pool.ts';
import { ceilingShare, type Pressure, pressureOf } from './pool-policy.ts';
import type { ResponseCache } from './response-cache.ts';

export interface MemoryGuard {
  /** Why no new work is taken now; null while it is. */
  refusal: Signal<ErrorBody | null>;
  dispose(): void;
}

/**
 * Gives memory back when it runs short, whoever takes it: at each reading of the machine one step, caches first, then idle models,
 * then no new work until it is below again. The GPU counts up to its ceiling, main memory as a whole.
 */
export function createMemoryGuard(parts: {
  resources: Signal<Resources>;
  pool: Pick<ModelPool, 'idleCount' | 'unloadIdle'>;
  cache: Pick<ResponseCache, 'sizeBytes' | 'shrinkTo'>;
  isInUse(): boolean;
}): MemoryGuard {
  const { resources, pool, cache } = parts;
  const refusal = createSignal<ErrorBody | null>(null);

  function check(reading: Resources): void {
    const gpuTotal = reading.gpus.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
    const gpuUsed = reading.gpus.reduce((sum, { usedBytes }) => sum + (usedBytes ?? 0), 0);
    const step = (usedBytes: number, ceilingBytes: number): Pressure =>
      pressureOf({ usedBytes, ceilingBytes, cacheBytes: cache.sizeBytes, idleModels: pool.idleCount() });
    const onGpu = step(gpuUsed, gpuTotal * ceilingShare(parts.isInUse()));
    const inRam = step(reading.ram.usedBytes, reading.ram.totalBytes);
    const pressure = onGpu === 'none' ? inRam : onGpu;
    if (pressure === 'shrink-caches') cache.shrinkTo(Math.floor(cache.sizeBytes / 2 / 1e6) * 1e6);
    else if (pressure === 'unload-idle') void pool.unloadIdle();
    const full =
      onGpu === 'none' ? 'This computer’s memory is nearly full.' : 'The GPU’s memory is nearly full.';
    const next = pressure === 'refuse-work' ? full : null;
    if (next !== (refusal.get()?.message ?? null))
      refusal.set(next === null ? null : { code: 'inference/memory-pressure', message: next });
  }

  const end = resources.subscribe(check);
  return { refusal, dispose: end };
}
