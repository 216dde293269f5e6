import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { initialWeights } from '#contract/federated/parameters.ts';
import { clusteredData, sampleTask, sampleTraining, smallModels } from '#testing/training-models.ts';
import { openTrainer } from '../trainer/open-trainer.ts';
import { openNativeEngine } from './native-engine.ts';

const require = createRequire(import.meta.url);
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'native-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** A folder with a package of this name and program, and what looks like its native part. */
function folderWith(name: string, program: string): string {
  const folder = join(dir, String(Math.random()));
  const home = join(folder, 'node_modules', name);
  mkdirSync(join(home, 'lib/napi-v8'), { recursive: true });
  writeFileSync(join(home, 'lib/napi-v8/tfjs_binding.node'), '');
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
  writeFileSync(join(home, 'index.js'), program);
  return folder;
}

/** TensorFlow.js's JavaScript backend under the native one's name. */
const working = (usesGpu: boolean) => `
  const { isNullOrUndefined } = require('node:util');
  if (!isNullOrUndefined(undefined)) throw new Error('no util.isNullOrUndefined');
  const core = require(${JSON.stringify(require.resolve('@tensorflow/tfjs-core'))});
  const { MathBackendCPU } = require(${JSON.stringify(require.resolve('@tensorflow/tfjs-backend-cpu'))});
  class Native extends MathBackendCPU { isUsingGpuDevice = ${usesGpu}; }
  core.registerBackend('tensorflow', () => new Native());
  for (const kernel of core.getKernelsForBackend('cpu')) core.registerKernel({ ...kernel, backendName: 'tensorflow' });
`;

const found = async (name: string, program: string) => openNativeEngine([folderWith(name, program)]);

it('takes a native TensorFlow whose GPU is used, and trains with it', async () => {
  const trainer = openTrainer({ engineDir: folderWith('@tensorflow/tfjs-node-gpu', working(true)) });
  expect(await trainer.describe()).toMatchObject({ engine: 'tensorflow-gpu', usesGpu: true });
  const request = {
    task: sampleTask(smallModels.mlp),
    weights: initialWeights(smallModels.mlp, 1),
    training: sampleTraining({ learningRate: 0.1 }),
    data: clusteredData(240),
    seed: 1,
  };
  expect((await trainer.train(request)).accuracy).toBeGreaterThan(0.95);
  await trainer.dispose();
});

it('takes one without a GPU only where it is not made for one', async () => {
  expect(await found('@tensorflow/tfjs-node-gpu', working(false))).toBeNull();
  expect(await found('@tensorflow/tfjs-node', working(false))).toMatchObject({
    name: 'tensorflow',
    usesGpu: false,
  });
});

it('leaves one alone that aborts, throws or has no native part', async () => {
  expect(await found('@tensorflow/tfjs-node-gpu', 'process.abort()')).toBeNull();
  expect(await found('@tensorflow/tfjs-node', 'throw new Error()')).toBeNull();
  const without = folderWith('@tensorflow/tfjs-node', working(false));
  rmSync(join(without, 'node_modules/@tensorflow/tfjs-node/lib'), { recursive: true });
  expect(await openNativeEngine([without])).toBeNull();
});
