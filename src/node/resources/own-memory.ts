import type { Gpu, Resources } from '#contract/resources.ts';

/** Whether what engines take of the GPU is main memory too: of all GPUs whose memory is known none has its own. */
export function isGpuMain(gpus: readonly Pick<Gpu, 'isUnified' | 'totalBytes'>[]): boolean {
  const known = gpus.filter(({ totalBytes }) => totalBytes > 0);
  return known.length > 0 && known.every(({ isUnified }) => isUnified);
}

/** Main memory that engines take. Systems differ in whether a process's own figure holds what it has of a GPU that shares it. */
export const engineRamBytes = ({ own, gpus }: Pick<Resources, 'own' | 'gpus'>): number =>
  isGpuMain(gpus) ? Math.max(own.engineBytes, own.engineGpuBytes) : own.engineBytes;

/** Main memory that engines and trainers take. */
export const workRamBytes = (reading: Pick<Resources, 'own' | 'gpus'>): number =>
  engineRamBytes(reading) + reading.own.trainingBytes;
