import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '#contract/errors.ts';
import type { ModelFacts, ModelInspector } from '../inference/runtime.ts';
import { openModelStore } from './model-store.ts';
import { openServerList } from './server-list.ts';

const facts: ModelFacts = {
  name: 'A model',
  architecture: 'llama',
  parameters: 1000,
  quantization: 'Q8_0',
  contextLength: 512,
  hasChatTemplate: true,
  needsRamBytes: 1000,
  needsGpuBytes: 0,
};

const both = (inspector: ModelInspector) => ({ 'llama.cpp': inspector, transformers: inspector });

async function freshStore(ramBytes = 10_000) {
  const dir = mkdtempSync(join(tmpdir(), 'store-'));
  const shippedDir = join(dir, 'shipped');
  mkdirSync(shippedDir);
  writeFileSync(join(shippedDir, 'tiny.gguf'), 'shipped');
  const inspected: string[] = [];
  const servers = openServerList(join(dir, 'servers.json'));
  const open = () =>
    openModelStore({
      shippedDir,
      modelsDir: join(dir, 'models'),
      cacheFile: join(dir, 'models.json'),
      servers,
      inspectors: both({
        inspect: async (path) => {
          inspected.push(path);
          if (path.includes('crashing')) throw new AppError('inference/crashed', 'killed');
          if (path.includes('broken')) throw new AppError('models/truncated', 'cut off');
          return facts;
        },
      }),
      inspectOptions: () => ({ contextSize: 'auto', parallelRequests: 'auto', gpu: 'off' }),
      memory: () => ({ ramBytes, gpuBytes: 0 }),
      served: ['tiny'],
    });
  return { dir, inspected, open, servers, store: await open() };
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error) => error.code,
  );

test('the shipped model is there from the start and cannot be removed', async () => {
  const { store } = await freshStore();
  expect(store.models.get()).toMatchObject([{ id: 'tiny', shipped: true, served: true, fits: true }]);
  expect(await code(store.remove('tiny'))).toBe('models/shipped');
});

test('an added model is copied, served, and removed only when another is served', async () => {
  const { dir, store } = await freshStore();
  writeFileSync(join(dir, 'mine-Q4_K_M.gguf'), 'content');
  await store.add(join(dir, 'mine-Q4_K_M.gguf'));
  store.setServed(['mine-Q4_K_M']);
  expect(store.get('mine-Q4_K_M')?.served).toBe(true);
  expect(await code(store.add(join(dir, 'mine-Q4_K_M.gguf')))).toBe('models/already-there');
  expect(await code(store.remove('mine-Q4_K_M'))).toBe('models/in-use');
  store.setServed(['tiny']);
  await store.remove('mine-Q4_K_M');
  expect(readdirSync(join(dir, 'models'))).toEqual([]);
});

test('a broken, missing, badly named or too large file is refused and leaves nothing behind', async () => {
  const { dir, store } = await freshStore(500);
  for (const name of ['broken.gguf', 'large.gguf', 'notes.txt']) writeFileSync(join(dir, name), 'x');
  expect(await code(store.add(join(dir, 'broken.gguf')))).toBe('models/truncated');
  expect(await code(store.add(join(dir, 'large.gguf')))).toBe('models/does-not-fit');
  expect(await code(store.add(join(dir, 'notes.txt')))).toBe('models/not-gguf');
  expect(await code(store.add(join(dir, 'nowhere.gguf')))).toBe('models/not-found');
  mkdirSync(join(dir, 'broken-folder'));
  expect(await code(store.add(join(dir, 'broken-folder')))).toBe('models/truncated');
  expect(readdirSync(join(dir, 'models'))).toEqual([]);
});

test('a folder is taken whole, and removed whole', async () => {
  const { dir, store } = await freshStore();
  mkdirSync(join(dir, 'smol', 'onnx'), { recursive: true });
  writeFileSync(join(dir, 'smol', 'onnx', 'model.onnx'), 'weights');
  expect(await store.add(join(dir, 'smol'))).toMatchObject({
    id: 'smol',
    runtime: 'transformers',
    sizeBytes: 'weights'.length,
  });
  expect(readdirSync(join(dir, 'models', 'smol', 'onnx'))).toEqual(['model.onnx']);
  await store.remove('smol');
  expect(readdirSync(join(dir, 'models'))).toEqual([]);
});

test('a server’s model is in the store until it is taken out; its key is not shown', async () => {
  const { dir, store, servers } = await freshStore();
  const server = {
    kind: 'vllm',
    url: 'http://127.0.0.1:8000',
    model: 'Qwen/Qwen3-8B',
    apiKey: 'secret',
  } as const;
  const { id } = servers.add(server);
  expect(id).toBe('Qwen/Qwen3-8B@127.0.0.1:8000');
  expect(store.get(id)).toMatchObject({ runtime: 'vllm', path: 'Qwen/Qwen3-8B', fits: true });
  expect(JSON.stringify([servers.shown.get(), store.models.get()])).not.toContain('secret');
  expect(() => servers.add(server)).toThrow('There is a model');
  await store.scan();
  expect(openServerList(join(dir, 'servers.json')).get(id)).toEqual(server);
  await store.remove(id);
  expect(store.get(id)).toBeUndefined();
});

test('the folder is the truth: files put there or deleted by hand are seen, broken ones with their problem', async () => {
  const { dir, store, open, inspected } = await freshStore();
  copyFileSync(join(dir, 'shipped', 'tiny.gguf'), join(dir, 'models', 'by-hand.gguf'));
  writeFileSync(join(dir, 'models', 'broken.gguf'), 'x');
  writeFileSync(join(dir, 'models', 'half.gguf.copying'), 'x');
  await store.scan();
  expect(store.models.get().map(({ id, problem }) => [id, problem?.code])).toEqual([
    ['tiny', undefined],
    ['broken', 'models/truncated'],
    ['by-hand', undefined],
  ]);
  const before = inspected.length;
  const again = await open();
  expect(again.models.get()).toHaveLength(3);
  expect(inspected).toHaveLength(before);
  rmSync(join(dir, 'models', 'by-hand.gguf'));
  await again.scan();
  expect(again.get('by-hand')).toBeUndefined();
});

test('two files of one name are not added at once, and a dead inspector is asked again', async () => {
  const { dir, store, open, inspected } = await freshStore();
  for (const folder of ['a', 'b']) {
    mkdirSync(join(dir, folder));
    writeFileSync(join(dir, folder, 'same.gguf'), folder);
  }
  const both = ['a', 'b'].map((folder) => code(store.add(join(dir, folder, 'same.gguf'))));
  expect(await Promise.all(both)).toEqual(['fine', 'models/already-there']);
  writeFileSync(join(dir, 'models', 'crashing.gguf'), 'x');
  await store.scan();
  const before = inspected.length;
  await open();
  expect(inspected).toHaveLength(before + 1);
});
