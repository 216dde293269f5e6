import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import type { Model } from '#contract/model.ts';
import { errorBody, errorBodySchema, toAppError } from '#contract/result.ts';
import type { LoadOptions, ModelFacts, ModelInspector } from '../inference/runtime.ts';
import { createSignal, type Signal } from '../signal.ts';
import {
  copyWhole,
  type DiskRuntime,
  type ModelPath,
  modelAt,
  modelsIn,
  removeCutCopies,
  sizeOf,
} from './model-files.ts';
import type { ServerList } from './server-list.ts';

type InspectOptions = Pick<LoadOptions, 'contextSize' | 'parallelRequests' | 'gpu'>;

export interface ModelStore {
  models: Signal<Model[]>;
  /** Reads the folders anew: files that were added or deleted by hand are seen. */
  scan(): Promise<void>;
  /** Checks a GGUF file, or a folder with ONNX, and copies it into the store. Throws `models/*` or `disk/full`, leaving nothing behind. */
  add(path: string): Promise<Model>;
  remove(id: string): Promise<void>;
  get(id: string): Model | undefined;
  setServed(ids: readonly string[]): void;
}

const inspectedSchema = z.union([
  z.object({ facts: z.custom<ModelFacts>((value) => typeof value === 'object' && value !== null) }),
  z.object({ problem: errorBodySchema }),
]);
type Inspected = z.infer<typeof inspectedSchema>;
const cacheSchema = z.record(z.string(), inspectedSchema);

/** A folder on disk is the truth; what was read of each file is remembered by path, size and time. */
export async function openModelStore(options: {
  shippedDir: string;
  modelsDir: string;
  cacheFile: string;
  inspectors: Record<DiskRuntime, ModelInspector>;
  servers: ServerList;
  inspectOptions(): InspectOptions;
  /** Memory in bytes that a model may take. */
  memory(): { ramBytes: number; gpuBytes: number };
  served: readonly string[];
}): Promise<ModelStore> {
  const { shippedDir, modelsDir, inspectors, servers } = options;
  const models = createSignal<Model[]>([]);
  let served = options.served;
  /** Ids that are being copied in: two files of one name must not become one. */
  const adding = new Set<string>();
  await mkdir(modelsDir, { recursive: true });
  await removeCutCopies(modelsDir);
  const cache = new Map(Object.entries(await readCache(options.cacheFile)));

  async function inspect({ path, runtime }: ModelPath): Promise<Inspected> {
    const { sizeBytes, mtimeMs } = await sizeOf(path);
    const inspectOptions = options.inspectOptions();
    const key = JSON.stringify([path, sizeBytes, mtimeMs, inspectOptions]);
    const known = cache.get(key);
    if (known) return known;
    const inspected: Inspected = await inspectors[runtime].inspect(path, inspectOptions).then(
      (facts) => ({ facts }),
      (thrown: unknown) => ({ problem: errorBody(toAppError(thrown, 'models/not-gguf')) }),
    );
    // A dead inspector says nothing lasting of the file: the next scan asks again.
    if ('problem' in inspected && inspected.problem.code === 'inference/crashed') return inspected;
    cache.set(key, inspected);
    await writeFileAtomic(options.cacheFile, JSON.stringify(Object.fromEntries(cache))).catch(() => {});
    return inspected;
  }

  async function read(found: ModelPath, shipped: boolean): Promise<Model> {
    const { id, path, runtime } = found;
    const { sizeBytes } = await sizeOf(path);
    const inspected = await inspect(found);
    const common = { id, path, runtime, sizeBytes, shipped, served: served.includes(id) };
    if ('problem' in inspected) return { ...common, ...nothingKnown, name: id, problem: inspected.problem };
    const { facts } = inspected;
    return {
      ...common,
      name: facts.name,
      architecture: facts.architecture,
      parameters: facts.parameters,
      quantization: facts.quantization,
      contextLength: facts.contextLength,
      hasChatTemplate: facts.hasChatTemplate,
      needsBytes: facts.needsRamBytes + facts.needsGpuBytes,
      needsGpuBytes: facts.needsGpuBytes,
      fits: fits(facts),
      problem: null,
    };
  }

  /** A file that is deleted while the folder is read is as if it never was there. */
  async function readIfThere(path: ModelPath, shipped: boolean): Promise<Model[]> {
    try {
      return [await read(path, shipped)];
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw thrown;
    }
  }

  function fits(facts: ModelFacts): boolean {
    const { ramBytes, gpuBytes } = options.memory();
    return facts.needsRamBytes <= ramBytes && facts.needsGpuBytes <= gpuBytes;
  }

  /** A server says itself what it can do, once it is asked. */
  function remoteModels(): Model[] {
    return servers.shown.get().map(({ id, kind, model, url }) => ({
      ...nothingKnown,
      id,
      path: model,
      runtime: kind,
      sizeBytes: 0,
      shipped: false,
      served: served.includes(id),
      name: model,
      architecture: new URL(url).host,
      hasChatTemplate: kind !== 'triton',
      fits: true,
      problem: null,
    }));
  }

  async function scan(): Promise<void> {
    const found: Model[] = [];
    for (const [dir, shipped] of [
      [shippedDir, true],
      [modelsDir, false],
    ] as const)
      for (const path of await modelsIn(dir))
        if (!found.some(({ id }) => id === path.id)) found.push(...(await readIfThere(path, shipped)));
    models.set([...found, ...remoteModels()]);
  }

  servers.shown.subscribe(() => {
    const onDisk = models
      .get()
      .filter(({ runtime }) => runtime === 'llama.cpp' || runtime === 'transformers');
    models.set([...onDisk, ...remoteModels()]);
  });
  await scan();
  return {
    models,
    scan,
    get: (id) => models.get().find((model) => model.id === id),
    setServed(ids) {
      served = ids;
      models.set(models.get().map((model) => ({ ...model, served: ids.includes(model.id) })));
    },
    async add(path) {
      const wanted = await modelAt(path);
      const { id, fileName } = wanted;
      if (adding.has(id) || models.get().some((model) => model.id === id))
        throw new AppError('models/already-there', `There is a model “${id}” in the store already.`, {
          data: { id },
        });
      adding.add(id);
      try {
        const inspected = await inspect(wanted);
        if ('problem' in inspected)
          throw new AppError(
            inspected.problem.code,
            inspected.problem.message,
            inspected.problem.data ? { data: inspected.problem.data } : {},
          );
        if (!fits(inspected.facts)) throw doesNotFit(inspected.facts, options.memory());
        await copyWhole(wanted, join(modelsDir, fileName));
        await scan();
        const added = models.get().find((model) => model.id === id);
        if (!added) throw new AppError('models/not-found', `The copy of ${fileName} is gone again.`);
        return added;
      } finally {
        adding.delete(id);
      }
    },
    async remove(id) {
      const model = models.get().find((candidate) => candidate.id === id);
      if (!model) throw new AppError('models/not-found', `There is no model “${id}” in the store.`);
      if (model.shipped) throw new AppError('models/shipped', `“${model.name}” came with the app and stays.`);
      if (model.served) throw new AppError('models/in-use', `“${model.name}” is being served.`);
      if (servers.get(id)) return servers.remove(id);
      await rm(model.path, { recursive: true, force: true });
      await scan();
    },
  };
}

const nothingKnown = {
  architecture: '',
  parameters: null,
  quantization: null,
  contextLength: 0,
  hasChatTemplate: false,
  needsBytes: 0,
  needsGpuBytes: 0,
  fits: false,
};

function doesNotFit(facts: ModelFacts, memory: { ramBytes: number; gpuBytes: number }): AppError {
  const onGpu = facts.needsGpuBytes > memory.gpuBytes;
  const [needsBytes, hasBytes] = onGpu
    ? [facts.needsGpuBytes, memory.gpuBytes]
    : [facts.needsRamBytes, memory.ramBytes];
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  return new AppError(
    'models/does-not-fit',
    `The model needs ${gigabytes(needsBytes)} GB of ${onGpu ? 'GPU memory' : 'memory'}; ${gigabytes(hasBytes)} GB can be used.`,
    { data: { needsBytes, hasBytes } },
  );
}

async function readCache(file: string): Promise<Record<string, Inspected>> {
  try {
    return cacheSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
}
