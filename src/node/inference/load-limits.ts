import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import type { LoadOptions } from './runtime.ts';

const mostTries = 2;
const leastContext = 256;
/** What `auto` is taken for when it has to be less. */
const autoContext = 4096;
const autoParallel = 8;
const autoGpuLayers = 64;

const limitsSchema = z.object({
  tries: z.int().min(1),
  contextSize: z.int().min(1),
  parallelRequests: z.int().min(1),
  gpuLayers: z.int().min(0).optional(),
});
const fileSchema = z.record(z.string(), limitsSchema);
type Limits = z.infer<typeof limitsSchema>;

export interface LoadLimits {
  /** The options, made smaller where memory did not suffice before. */
  apply(options: LoadOptions): LoadOptions;
  /** Remembers that memory did not suffice; null when there is nothing smaller to try. */
  shrink(options: LoadOptions): LoadOptions | null;
}

/**
 * What memory has taught on this machine, by model: after the first failure half the context and half the requests at once, after the
 * second half the layers on the GPU too; and one process. Kept in a file; one that cannot be read is begun anew.
 */
export function openLoadLimits(file: string, machine: string): LoadLimits {
  const known = new Map(Object.entries(read(file)));
  const keyOf = ({ modelId }: LoadOptions) => `${machine}/${modelId}`;

  function apply(options: LoadOptions): LoadOptions {
    const limits = known.get(keyOf(options));
    if (!limits) return options;
    return {
      ...options,
      contextSize: least(options.contextSize, limits.contextSize),
      parallelRequests: least(options.parallelRequests, limits.parallelRequests),
      ...(options.processes === undefined ? {} : { processes: 1 }),
      ...(limits.gpuLayers === undefined ? {} : { gpuLayers: limits.gpuLayers }),
    };
  }

  return {
    apply,
    shrink(options) {
      const key = keyOf(options);
      const before = known.get(key);
      const tries = (before?.tries ?? 0) + 1;
      if (tries > mostTries) return null;
      const limits: Limits = {
        tries,
        contextSize: Math.max(
          leastContext,
          half(before?.contextSize ?? orAuto(options.contextSize, autoContext)),
        ),
        parallelRequests: half(before?.parallelRequests ?? orAuto(options.parallelRequests, autoParallel)),
        ...(tries > 1 ? { gpuLayers: half(options.gpuLayers ?? autoGpuLayers) } : {}),
      };
      known.set(key, limits);
      writeFileAtomic(file, JSON.stringify(Object.fromEntries(known))).catch(() => {});
      return apply(options);
    },
  };
}

function read(file: string): Record<string, Limits> {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}

const half = (value: number) => Math.max(1, Math.floor(value / 2));
const orAuto = (value: number | 'auto', auto: number) => (value === 'auto' ? auto : value);
const least = (value: number | 'auto', limit: number) => (value === 'auto' ? limit : Math.min(value, limit));
