import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { AppError } from '#contract/errors.ts';
import type { DataSource } from '#contract/training-data.ts';
import { fileError } from './file-error.ts';

/** A file's size and time of its last change: another stamp is another content. */
export const stampOf = ({ size, mtimeMs }: Pick<Stats, 'size' | 'mtimeMs'>) => `${size}-${mtimeMs}`;

/** One stamp for several files. Throws `training/data-not-found` where one of them is no file. */
export async function stampOfFiles(paths: readonly string[]): Promise<{ stamp: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (const path of paths) {
    const found = await stat(path).catch((thrown) => {
      throw fileError(thrown, path);
    });
    if (!found.isFile())
      throw new AppError('training/data-not-found', `${path} is no file.`, { data: { path } });
    sizeBytes += found.size;
    hash.update(`${path}\0${stampOf(found)}\n`);
  }
  return { stamp: hash.digest('hex').slice(0, 32), sizeBytes };
}

export const dataChanged = (path: string) =>
  new AppError('training/data-changed', `${path} was changed while it was in use.`, { data: { path } });

/** A name for what belongs to this value in the cache. */
export const cacheId = (value: unknown) =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 24);

/** What all names in the cache start with that hold something of a source. */
export const sourceId = (source: DataSource) => cacheId(['examples', source]);
export const packedId = (path: string) => cacheId(['gz', path]);
