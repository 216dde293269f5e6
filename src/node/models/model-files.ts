import { constants, type Stats } from 'node:fs';
import { copyFile, cp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError } from '#contract/errors.ts';

/** What a copy is called until it is whole. */
export const copyEnding = '.copying';

/** What runs a model on disk: a GGUF file, or a folder as Transformers has it. */
export type DiskRuntime = 'llama.cpp' | 'transformers';

export interface ModelPath {
  id: string;
  path: string;
  runtime: DiskRuntime;
}

/** The models of a folder, in the order of their names. */
export async function modelsIn(folder: string): Promise<ModelPath[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .sort((a, b) => a.name.localeCompare(b.name))
    .flatMap((entry): ModelPath[] => {
      const path = join(folder, entry.name);
      if (entry.isFile() && entry.name.endsWith('.gguf'))
        return [{ id: basename(entry.name, '.gguf'), path, runtime: 'llama.cpp' }];
      if (entry.isDirectory() && !entry.name.endsWith(copyEnding) && !entry.name.startsWith('.'))
        return [{ id: entry.name, path, runtime: 'transformers' }];
      return [];
    });
}

/** A file or folder that somebody wants in the store. Throws `models/not-found` or, for a name no store can have, `models/not-gguf`. */
export async function modelAt(path: string): Promise<ModelPath & { fileName: string }> {
  const info = await stat(path).catch((): Stats | null => null);
  if (!info) throw new AppError('models/not-found', `There is no file ${path}.`, { data: { path } });
  const name = basename(path);
  if (info.isDirectory()) {
    if (!/^[\p{L}\p{N}][\p{L}\p{N} ._+()-]{0,200}$/u.test(name))
      throw new AppError('models/not-a-model', `“${name}” cannot be a model’s name.`, {
        data: { file: name },
      });
    return { id: name, path, runtime: 'transformers', fileName: name };
  }
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._+()-]{0,200}\.gguf$/iu.test(name))
    throw new AppError('models/not-gguf', `“${name}” is not a name of a GGUF file.`, {
      data: { file: name },
    });
  const fileName = name.replace(/\.gguf$/i, '.gguf');
  return { id: basename(fileName, '.gguf'), path, runtime: 'llama.cpp', fileName };
}

/** Bytes of a file, or of all files in a folder; and the newest time of change in ms. */
export async function sizeOf(path: string): Promise<{ sizeBytes: number; mtimeMs: number }> {
  const info = await stat(path);
  if (!info.isDirectory()) return { sizeBytes: info.size, mtimeMs: info.mtimeMs };
  let [sizeBytes, mtimeMs] = [0, info.mtimeMs];
  for (const name of await readdir(path)) {
    const inner = await sizeOf(join(path, name));
    sizeBytes += inner.sizeBytes;
    mtimeMs = Math.max(mtimeMs, inner.mtimeMs);
  }
  return { sizeBytes, mtimeMs };
}

/** Removes what a crash left of copies. */
export async function removeCutCopies(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.endsWith(copyEnding)) await rm(join(folder, name), { recursive: true, force: true });
}

/** A copy that is either whole or not there. Where the disk can, it takes no space of its own. Throws `disk/full`. */
export async function copyWhole({ path, runtime }: ModelPath, to: string): Promise<void> {
  const temporary = to + copyEnding;
  try {
    if (runtime === 'transformers')
      await cp(path, temporary, { recursive: true, mode: constants.COPYFILE_FICLONE });
    else await copyFile(path, temporary, constants.COPYFILE_FICLONE);
    await rename(temporary, to);
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new AppError('disk/full', 'The disk has no room for a copy of the model.', { cause });
    throw cause;
  }
}
