import type { EngineVram } from '#contract/model.ts';
import type { Gpu } from '#contract/resources.ts';
import { memoryBytes, usedOf } from '../figure.ts';
import { unknownFigures } from './unknown-figures.ts';

/**
 * Fills in what the system does not tell of a GPU's memory with what the engine that runs on it says. A GPU that only the engine knows
 * is one all the same. What the system tells stands.
 */
export function withEngineWord(gpus: readonly Gpu[], word: EngineVram | null): Gpu[] {
  const totalBytes = memoryBytes(word?.totalBytes);
  if (!word || !totalBytes) return [...gpus];
  const usedBytes = usedOf(word.usedBytes, totalBytes);
  const [name = 'GPU'] = word.names;
  if (gpus.length === 0)
    return [
      {
        ...unknownFigures,
        id: 'engine',
        vendor: vendorOf(name),
        name,
        totalBytes,
        usedBytes,
        isUnified: word.isUnified,
      },
    ];
  // The word is of all of the engine's GPUs together: of several it says nothing about one.
  if (word.names.length > 1) return [...gpus];
  const meant = gpus.length === 1 ? gpus[0] : gpus.find((gpu) => isSame(gpu.name, name));
  return gpus.map((gpu) => {
    if (gpu !== meant || (gpu.totalBytes > 0 && gpu.usedBytes !== null && !gpu.isUnified)) return gpu;
    const total = gpu.totalBytes === 0 || gpu.isUnified ? totalBytes : gpu.totalBytes;
    return {
      ...gpu,
      totalBytes: total,
      usedBytes: gpu.isUnified
        ? (usedOf(usedBytes, total) ?? usedOf(gpu.usedBytes, total))
        : (usedOf(gpu.usedBytes, total) ?? usedOf(usedBytes, total)),
      isUnified: gpu.isUnified || word.isUnified,
    };
  });
}

const words = (name: string): string[] => name.toLowerCase().match(/[a-z\d]+/g) ?? [];

/** Engine and system name the same card alike, but not in the same words. */
function isSame(one: string, other: string): boolean {
  const [shorter = [], longer = []] = [words(one), words(other)].sort((a, b) => a.length - b.length);
  return shorter.length > 0 && shorter.every((word) => longer.includes(word));
}

export function vendorOf(name: string): Gpu['vendor'] {
  if (/nvidia|geforce|quadro|tesla/i.test(name)) return 'nvidia';
  if (/amd|radeon|ati\b|advanced micro/i.test(name)) return 'amd';
  if (/intel/i.test(name)) return 'intel';
  return /apple/i.test(name) ? 'apple' : 'other';
}
