import type { Reservation } from '#contract/hybrid.ts';
import type { Gpu, Resources } from '#contract/resources.ts';

export type MemoryOwner = Reservation['owner'] | 'node' | 'others' | 'used' | 'free';
export interface MemoryPart {
  owner: MemoryOwner;
  sizeBytes: number;
}

const sum = (sizes: readonly number[]) => sizes.reduce((all, size) => all + size, 0);

/**
 * Divides what our processes hold among pieces of work: what is measured of each first, then what is reserved for those of which
 * nothing is measured, never more than there is; the rest is `rest`'s.
 */
function divided(
  ourBytes: number,
  work: readonly { owner: Reservation['owner']; measuredBytes: number | null; reservedBytes: number }[],
  rest: MemoryOwner,
): MemoryPart[] {
  const byOwner = new Map<MemoryOwner, number>();
  let left = ourBytes;
  const give = (owner: MemoryOwner, bytes: number) => {
    const taken = Math.min(left, bytes);
    left -= taken;
    byOwner.set(owner, (byOwner.get(owner) ?? 0) + taken);
  };
  for (const { owner, measuredBytes } of work) give(owner, measuredBytes ?? 0);
  for (const { owner, measuredBytes, reservedBytes } of work)
    if (measuredBytes === null) give(owner, reservedBytes);
  give(rest, left);
  return [...byOwner].map(([owner, sizeBytes]) => ({ owner, sizeBytes }));
}

/** Parts in the order of the bar, one for each owner, those that take nothing left out. */
function tidy(parts: readonly MemoryPart[]): MemoryPart[] {
  const order: MemoryOwner[] = ['model', 'kv-cache', 'training', 'cache', 'node', 'used', 'others', 'free'];
  return order
    .map((owner) => ({
      owner,
      sizeBytes: sum(parts.filter((part) => part.owner === owner).map(({ sizeBytes }) => sizeBytes)),
    }))
    .filter(({ sizeBytes }) => sizeBytes > 0);
}

/** Main memory by owner; it adds up to the total. */
export function ramOwners({ ram, own }: Resources, reservations: readonly Reservation[]): MemoryPart[] {
  const work = (owners: readonly Reservation['owner'][]) =>
    reservations
      .filter(({ owner }) => owners.includes(owner))
      .map(({ owner, usedRamBytes, ramBytes }) => ({
        owner,
        measuredBytes: usedRamBytes,
        reservedBytes: ramBytes,
      }));
  const ours = [
    ...divided(own.engineBytes, work(['model', 'kv-cache']), 'model'),
    { owner: 'training' as const, sizeBytes: own.trainingBytes },
    ...divided(own.hostBytes, work(['cache']), 'node'),
  ];
  const ourBytes = sum(ours.map(({ sizeBytes }) => sizeBytes));
  // Pages that processes share are counted in each of them, so ours may exceed what the system calls used.
  const othersBytes = Math.max(0, ram.usedBytes - ourBytes);
  return tidy([
    ...ours,
    { owner: 'others', sizeBytes: othersBytes },
    { owner: 'free', sizeBytes: Math.max(0, ram.totalBytes - ourBytes - othersBytes) },
  ]);
}

/** Bytes of one GPU that our processes hold; null where nothing tells. */
function ourGpuBytes(gpu: Gpu, { own, gpus }: Resources): number | null {
  if (gpu.processes)
    return sum(gpu.processes.map(({ isOurs, usedBytes }) => (isOurs ? (usedBytes ?? 0) : 0)));
  return gpus.length === 1 ? own.engineGpuBytes + own.trainingGpuBytes : null;
}

/**
 * A GPU's memory by owner, adding up to its total; null where the driver does not tell its use. Reservations name no GPU, so with
 * several GPUs the node's part of each is not divided.
 */
export function gpuOwners(
  gpu: Gpu,
  reading: Resources,
  reservations: readonly Reservation[],
): MemoryPart[] | null {
  if (gpu.usedBytes === null) return null;
  const usedBytes = Math.min(gpu.usedBytes, gpu.totalBytes);
  const free = { owner: 'free' as const, sizeBytes: gpu.totalBytes - usedBytes };
  const told = ourGpuBytes(gpu, reading);
  if (told === null) return tidy([{ owner: 'used', sizeBytes: usedBytes }, free]);
  const ourBytes = Math.min(told, usedBytes);
  const work = reservations.map(({ owner, usedGpuBytes, gpuBytes }) => ({
    owner,
    measuredBytes: usedGpuBytes,
    reservedBytes: gpuBytes,
  }));
  return tidy([
    ...divided(ourBytes, reading.gpus.length === 1 ? work : [], 'node'),
    { owner: 'others', sizeBytes: usedBytes - ourBytes },
    free,
  ]);
}
