import type { Resources } from '#contract/resources.ts';

export interface MemoryParts {
  engineBytes: number;
  hostBytes: number;
  othersBytes: number;
  freeBytes: number;
}

/** RAM by owner. What others use is what is left of the system's figure, never below zero. */
export function ramParts({ ram, own }: Resources): MemoryParts {
  const othersBytes = Math.max(0, ram.usedBytes - own.engineBytes - own.hostBytes);
  const used = own.engineBytes + own.hostBytes + othersBytes;
  return {
    engineBytes: own.engineBytes,
    hostBytes: own.hostBytes,
    othersBytes,
    freeBytes: Math.max(0, ram.totalBytes - used),
  };
}

/** GPU memory by owner, for a computer with one GPU; the engine's share of several is not known by GPU. */
export function gpuParts(reading: Resources, index: number): MemoryParts | null {
  const gpu = reading.gpus[index];
  if (!gpu || gpu.usedBytes === null) return null;
  const engineBytes = reading.gpus.length === 1 ? Math.min(gpu.usedBytes, reading.own.engineGpuBytes) : 0;
  return {
    engineBytes,
    hostBytes: 0,
    othersBytes: gpu.usedBytes - engineBytes,
    freeBytes: Math.max(0, gpu.totalBytes - gpu.usedBytes),
  };
}
