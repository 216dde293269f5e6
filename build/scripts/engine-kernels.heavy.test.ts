import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compileKernels, type KernelBuild, kernelBuilds, kernelPath } from './engine-kernels.ts';

it.each(Object.keys(kernelBuilds) as KernelBuild[])(
  'the kernels %s that ship are those of the source',
  async (build) => {
    const compiled = await compileKernels(build);
    expect(Buffer.compare(readFileSync(kernelPath(build)), compiled)).toBe(0);
  },
);
