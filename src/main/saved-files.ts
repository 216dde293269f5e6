import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AppError } from '#contract/errors.ts';

/** Files that are written piece by piece beside their place, and put there when they are whole. Throws `file/not-writable`, `disk/full`. */
export interface SavedFiles {
  create(path: string): Promise<number>;
  append(id: number, text: string): Promise<void>;
  close(id: number, keep: boolean): Promise<void>;
}

export function createSavedFiles(): SavedFiles {
  const files = new Map<number, { handle: FileHandle; path: string }>();
  let lastId = 0;

  function fileOf(id: number) {
    const file = files.get(id);
    if (!file) throw new AppError('request/not-found', 'This file is not being written.');
    return file;
  }

  return {
    async create(path) {
      const handle = await written(path, open(`${path}.part`, 'w'));
      lastId += 1;
      files.set(lastId, { handle, path });
      return lastId;
    },
    async append(id, text) {
      const { handle, path } = fileOf(id);
      await written(path, handle.appendFile(text));
    },
    async close(id, keep) {
      const { handle, path } = fileOf(id);
      files.delete(id);
      await written(path, handle.close());
      if (keep) await written(path, rename(`${path}.part`, path));
      else await rm(`${path}.part`, { force: true });
    },
  };
}

/** What the system says to it, as a sentence. */
async function written<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const options = { cause, data: { path } };
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new AppError('disk/full', 'The file could not be written: the disk is full.', options);
    throw new AppError(
      'file/not-writable',
      `${basename(path)} could not be written to ${dirname(path)} (${code}).`,
      options,
    );
  }
}
