import type { LimitSet } from '#contract/manners.ts';
import type { Resources } from '#contract/resources.ts';
import type { ErrorBody } from '#contract/result.ts';
import { workRamBytes } from '../resources/own-memory.ts';
import { createSignal, type Signal } from '../signal.ts';
import type { ModelPool } from './model-pool.ts';
import { heavier, type Memory, type Pressure, pressureOf, pressureShare } from './pool-policy.ts';
import type { ResponseCache } from './response-cache.ts';

/** From here on another program takes main memory now. */
const grabbedRamShare = 0.95;
/** How long there must be room before a model comes back. */
const roomMs = 30_000;

export interface MemoryGuard {
  /** Why no new work is taken now; null while it is. */
  refusal: Signal<ErrorBody | null>;
  dispose(): void;
}

/**
 * Gives memory back when it runs short, whoever takes it: at each reading of the machine one step, caches first, then idle models,
 * then no new work until it is below again; where another program takes it all of that at once. What was unloaded so is loaded again
 * when there has been room for a while. GPUs count up to their limit, main memory as a whole and the node's own share of it.
 */
export function createMemoryGuard(parts: {
  resources: Signal<Resources>;
  pool: Pick<ModelPool, 'idleCount' | 'unloadIdle' | 'missing' | 'load'>;
  cache: Pick<ResponseCache, 'sizeBytes' | 'shrinkTo'>;
  limits(): LimitSet;
  /** Another program is to have the memory, whether it runs short or not. */
  leavesMemory(): boolean;
  /** Whether the node serves, so that models may be loaded. */
  serves(): boolean;
}): MemoryGuard {
  const { resources, pool, cache } = parts;
  const refusal = createSignal<ErrorBody | null>(null);
  /** Models that this guard has unloaded. */
  const away = new Set<string>();
  let roomSince: number | null = null;

  function check(reading: Resources): void {
    const { ram } = reading;
    const gpu = gpuMemory(reading, parts.limits());
    const step = (usedBytes: number, ceilingBytes: number, grabBytes = ceilingBytes): Pressure =>
      pressureOf({
        usedBytes,
        ceilingBytes,
        grabBytes,
        cacheBytes: cache.sizeBytes,
        idleModels: pool.idleCount(),
      });
    const onGpu = step(gpu.usedBytes, gpu.ceilingBytes);
    const inRam = step(ram.usedBytes, ram.totalBytes, ram.totalBytes * grabbedRamShare);
    const isOverOwn = workRamBytes(reading) > (ram.totalBytes * parts.limits().ramPercent) / 100;
    const pressure = heavier(onGpu, inRam);
    if (pressure === 'make-room' || isOverOwn || parts.leavesMemory()) {
      cache.shrinkTo(0);
      unload();
    } else if (pressure === 'shrink-caches') cache.shrinkTo(Math.floor(cache.sizeBytes / 2 / 1e6) * 1e6);
    else if (pressure === 'unload-idle') unload();
    const full =
      onGpu === 'none' ? 'This computer’s memory is nearly full.' : 'The GPU’s memory is nearly full.';
    const next = pressure === 'refuse-work' ? full : null;
    if (next !== (refusal.get()?.message ?? null))
      refusal.set(next === null ? null : { code: 'inference/memory-pressure', message: next });
    bringBack(reading, pressure === 'none' && !isOverOwn && !parts.leavesMemory() && parts.serves());
  }

  function unload(): void {
    if (pool.idleCount() === 0) return;
    void pool.unloadIdle().then((ids) => {
      for (const id of ids) away.add(id);
    });
  }

  function bringBack(reading: Resources, isCalm: boolean): void {
    const next = [...away].find((id) => {
      const needs = pool.missing(id);
      if (needs === null) away.delete(id);
      return needs !== null && hasRoom(reading, needs, parts.limits());
    });
    if (!isCalm || next === undefined) {
      roomSince = null;
      return;
    }
    roomSince ??= reading.at;
    // A clock that was set back begins it anew.
    if (reading.at < roomSince) roomSince = reading.at;
    if (reading.at - roomSince < roomMs) return;
    roomSince = null;
    away.delete(next);
    // Why it does not load stands in its engine's state; it is tried again when it is asked for.
    pool.load(next).catch(() => {});
  }

  const end = resources.subscribe(check);
  return { refusal, dispose: end };
}

function gpuMemory({ gpus }: Resources, limits: LimitSet): { usedBytes: number; ceilingBytes: number } {
  const totalBytes = gpus.reduce((sum, gpu) => sum + gpu.totalBytes, 0);
  return {
    usedBytes: gpus.reduce((sum, gpu) => sum + (gpu.usedBytes ?? 0), 0),
    ceilingBytes: (totalBytes * limits.gpuMemoryPercent) / 100,
  };
}

/** Room without pressure afterwards, so that it would not have to go again. */
function hasRoom(reading: Resources, needs: Memory, limits: LimitSet): boolean {
  const gpu = gpuMemory(reading, limits);
  const { ram } = reading;
  const ownBytes = workRamBytes(reading) + needs.ramBytes;
  return (
    (needs.gpuBytes === 0 || gpu.usedBytes + needs.gpuBytes <= gpu.ceilingBytes * pressureShare) &&
    ram.usedBytes + needs.ramBytes <= ram.totalBytes * pressureShare &&
    ownBytes <= (ram.totalBytes * limits.ramPercent) / 100
  );
}
