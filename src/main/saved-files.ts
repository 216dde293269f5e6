import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { AppError } from '#contract/errors.ts';

/** Files that are written piece by piece beside their place, and put there when they are whole. */
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
      const handle = await open(`${path}.part`, 'w');
      lastId += 1;
      files.set(lastId, { handle, path });
      return lastId;
    },
    async append(id, text) {
      try {
        await fileOf(id).handle.appendFile(text);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
        throw new AppError('disk/full', 'The file could not be written: the disk is full.', { cause });
      }
    },
    async close(id, keep) {
      const { handle, path } = fileOf(id);
      files.delete(id);
      await handle.close();
      if (keep) await rename(`${path}.part`, path);
      else await rm(`${path}.part`, { force: true });
    },
  };
}
