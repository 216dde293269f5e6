import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openLoadLimits } from './load-limits.ts';
import type { LoadOptions } from './runtime.ts';

const options: LoadOptions = {
  modelId: 'm',
  path: '/m.gguf',
  contextSize: 'auto',
  parallelRequests: 8,
  threads: 'auto',
  gpu: 'auto',
};
const file = () => join(mkdtempSync(join(tmpdir(), 'limits-')), 'load-limits.json');

test('half the context first, then fewer layers, then nothing more; and it is remembered for this machine', async () => {
  const path = file();
  const limits = openLoadLimits(path, 'here');
  expect(limits.apply(options)).toEqual(options);
  expect(limits.shrink(options)).toMatchObject({ contextSize: 2048, parallelRequests: 4 });
  const second = limits.shrink(options);
  expect(second).toMatchObject({ contextSize: 1024, parallelRequests: 2, gpuLayers: 32 });
  expect(limits.shrink(options)).toBeNull();
  await vi.waitFor(() => expect(openLoadLimits(path, 'here').apply(options)).toEqual(second));
  expect(openLoadLimits(path, 'another machine').apply(options)).toEqual(options);
  expect(openLoadLimits(path, 'here').apply({ ...options, contextSize: 512 }).contextSize).toBe(512);
});

test('a file that is none is begun anew', () => {
  const path = file();
  writeFileSync(path, '{"half": ');
  expect(openLoadLimits(path, 'here').apply(options)).toEqual(options);
});
