import type { Model } from '#contract/model.ts';
import type { Resources } from '#contract/resources.ts';
import { isGpuMain } from '../resources/own-memory.ts';
import type { Memory } from './pool-policy.ts';

/** What a model takes when it is loaded, in bytes. What lies on a GPU that shares main memory counts there too. */
export const modelNeeds = (
  { needsBytes, needsGpuBytes }: Pick<Model, 'needsBytes' | 'needsGpuBytes'>,
  { gpus }: Pick<Resources, 'gpus'>,
): Memory => ({
  ramBytes: isGpuMain(gpus) ? needsBytes : needsBytes - needsGpuBytes,
  gpuBytes: needsGpuBytes,
});
