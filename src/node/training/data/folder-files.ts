import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#contract/errors.ts';
import { fileError } from './file-error.ts';
import type { Problems } from './problems.ts';

const mostFiles = 1 << 21;
const mostDepth = 32;

export interface FolderFile {
  path: string;
  /** Of the subfolder it lies in, directly below the data's folder; null: in that folder itself. */
  className: string | null;
  sizeBytes: number;
  mtimeMs: number;
}

/**
 * Files below a folder in the order of their names, hidden ones apart. Links are followed; a folder is entered once, so that a link back
 * to it ends there. Throws `training/data-not-found`, `training/data-too-large`.
 */
export async function folderFiles(
  folder: string,
  problems: Problems,
  signal?: AbortSignal,
): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  const entered = new Set<string>();

  async function enter(path: string, className: string | null, depth: number): Promise<void> {
    signal?.throwIfAborted();
    const { dev, ino } = await stat(path, { bigint: true });
    const key = `${dev}:${ino}`;
    if (entered.has(key) || depth > mostDepth) return problems.add('link-loop', { file: path });
    entered.add(key);
    const names: string[] = [];
    for await (const { name } of await opendir(path)) if (!name.startsWith('.')) names.push(name);
    for (const name of names.sort()) {
      const child = join(path, name);
      try {
        const found = await stat(child);
        if (found.isDirectory()) await enter(child, depth === 0 ? name : className, depth + 1);
        else if (found.isFile())
          files.push({ path: child, className, sizeBytes: found.size, mtimeMs: found.mtimeMs });
      } catch (thrown) {
        if (thrown instanceof AppError || signal?.aborted) throw thrown;
        const { code } = thrown as NodeJS.ErrnoException;
        problems.add(code === 'ELOOP' ? 'link-loop' : 'unreadable', { file: child });
      }
      if (files.length > mostFiles)
        throw new AppError('training/data-too-large', `${folder} holds more than ${mostFiles} files.`, {
          data: { path: folder },
        });
    }
  }

  try {
    await enter(folder, null, 0);
  } catch (thrown) {
    throw fileError(thrown, folder);
  }
  return files;
}
