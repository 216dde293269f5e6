import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import type { Model } from '#contract/model.ts';
import { errorBody, errorBodySchema, toAppError } from '#contract/result.ts';
import type { LoadOptions, ModelFacts, ModelInspector } from '../inference/runtime.ts';
import { createSignal, type Signal } from '../signal.ts';

type InspectOptions = Pick<LoadOptions, 'contextSize' | 'parallelRequests' | 'gpu'>;

/** What a copy is called until it is whole. */
const partEnding = '.part';

export interface ModelStore {
  models: Signal<Model[]>;
  /** Reads the folders anew: files that were added or deleted by hand are seen. */
  scan(): Promise<void>;
  /** Checks a GGUF file and copies it into the store. Throws `models/*` or `disk/full`, leaving nothing behind. */
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
  inspector: ModelInspector;
  inspectOptions(): InspectOptions;
  /** Memory in bytes that a model may take. */
  memory(): { ramBytes: number; gpuBytes: number };
  served: readonly string[];
}): Promise<ModelStore> {
  const { shippedDir, modelsDir, inspector } = options;
  const models = createSignal<Model[]>([]);
  let served = options.served;
  /** Ids that are being copied in: two files of one name must not become one. */
  const adding = new Set<string>();
  await mkdir(modelsDir, { recursive: true });
  // A copy that a crash cut off.
  for (const file of await readdir(modelsDir))
    if (file.endsWith(partEnding)) await rm(join(modelsDir, file), { force: true });
  const cache = new Map(Object.entries(await readCache(options.cacheFile)));

  async function inspect(path: string): Promise<Inspected> {
    const { size, mtimeMs } = await stat(path);
    const inspectOptions = options.inspectOptions();
    const key = JSON.stringify([path, size, mtimeMs, inspectOptions]);
    const known = cache.get(key);
    if (known) return known;
    const inspected: Inspected = await inspector.inspect(path, inspectOptions).then(
      (facts) => ({ facts }),
      (thrown: unknown) => ({ problem: errorBody(toAppError(thrown, 'models/not-gguf')) }),
    );
    // A dead inspector says nothing lasting of the file: the next scan asks again.
    if ('problem' in inspected && inspected.problem.code === 'inference/crashed') return inspected;
    cache.set(key, inspected);
    await writeFileAtomic(options.cacheFile, JSON.stringify(Object.fromEntries(cache))).catch(() => {});
    return inspected;
  }

  async function read(path: string, shipped: boolean): Promise<Model> {
    const id = basename(path, '.gguf');
    const sizeBytes = (await stat(path)).size;
    const inspected = await inspect(path);
    const common = { id, path, sizeBytes, shipped, served: served.includes(id) };
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
  async function readIfThere(path: string, shipped: boolean): Promise<Model[]> {
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

  async function scan(): Promise<void> {
    const found: Model[] = [];
    for (const [dir, shipped] of [
      [shippedDir, true],
      [modelsDir, false],
    ] as const)
      for (const file of (await readdir(dir, { withFileTypes: true })).sort((a, b) =>
        a.name.localeCompare(b.name),
      ))
        if (
          file.isFile() &&
          file.name.endsWith('.gguf') &&
          !found.some(({ id }) => `${id}.gguf` === file.name)
        )
          found.push(...(await readIfThere(join(dir, file.name), shipped)));
    models.set(found);
  }

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
      const file = safeFileName(path);
      const id = basename(file, '.gguf');
      if (adding.has(id) || models.get().some((model) => model.id === id))
        throw new AppError('models/already-there', `There is a model “${id}” in the store already.`, {
          data: { id },
        });
      adding.add(id);
      try {
        const isFile = await stat(path).then(
          (info) => info.isFile(),
          () => false,
        );
        if (!isFile) throw new AppError('models/not-found', `There is no file ${path}.`, { data: { path } });
        const inspected = await inspect(path);
        if ('problem' in inspected)
          throw new AppError(
            inspected.problem.code,
            inspected.problem.message,
            inspected.problem.data ? { data: inspected.problem.data } : {},
          );
        if (!fits(inspected.facts)) throw doesNotFit(inspected.facts, options.memory());
        await copyWhole(path, join(modelsDir, file));
        await scan();
        const added = models.get().find((model) => model.id === id);
        if (!added) throw new AppError('models/not-found', `The copy of ${file} is gone again.`);
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
      await rm(model.path, { force: true });
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

/** The file's name as it may stand in the store. */
function safeFileName(path: string): string {
  const file = basename(path);
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._+()-]{0,200}\.gguf$/iu.test(file))
    throw new AppError('models/not-gguf', `“${file}” is not a name of a GGUF file.`, { data: { file } });
  return file.replace(/\.gguf$/i, '.gguf');
}

/** A copy that is either whole or not there. Where the disk can, it takes no space of its own. */
async function copyWhole(from: string, to: string): Promise<void> {
  const temporary = to + partEnding;
  try {
    await copyFile(from, temporary, constants.COPYFILE_FICLONE);
    await rename(temporary, to);
  } catch (cause) {
    await rm(temporary, { force: true });
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new AppError('disk/full', 'The disk has no room for a copy of the model.', { cause });
    throw cause;
  }
}

async function readCache(file: string): Promise<Record<string, Inspected>> {
  try {
    return cacheSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
}
