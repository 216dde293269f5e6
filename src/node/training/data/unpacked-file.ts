import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError } from '#contract/errors.ts';
import { fileError } from './file-error.ts';
import { packedId, stampOfFiles } from './stamp.ts';

/** What a packed file may grow to, so that a small one can't fill the disk. */
export const mostUnpackedBytes = 4 * 2 ** 30;

/**
 * The path itself, or for a `.gz` that of its content in the cache, unpacked once for each state of the file. Throws
 * `training/data-not-found`, `training/data-unusable` where it is no whole gzip, `training/data-too-large`, `disk/full`.
 */
export async function unpackedFile(
  path: string,
  cacheDir: string,
  options: { signal?: AbortSignal | undefined; mostBytes?: number | undefined } = {},
): Promise<string> {
  if (!path.toLowerCase().endsWith('.gz')) return path;
  const id = packedId(path);
  const { stamp } = await stampOfFiles([path]);
  const name = `${id}-${stamp}.unpacked`;
  await mkdir(cacheDir, { recursive: true });
  const names = await readdir(cacheDir);
  if (names.includes(name)) return join(cacheDir, name);
  for (const old of names) if (old.startsWith(id)) await rm(join(cacheDir, old), { force: true });
  const part = join(cacheDir, `${name}.${process.pid}.part`);
  const mostBytes = options.mostBytes ?? mostUnpackedBytes;
  try {
    await pipeline(
      createReadStream(path),
      createGunzip(),
      atMost(mostBytes, path),
      createWriteStream(part, { mode: 0o600 }),
      { signal: options.signal },
    );
    await rename(part, join(cacheDir, name));
  } catch (thrown) {
    await rm(part, { force: true });
    const { code } = thrown as NodeJS.ErrnoException;
    if (code?.startsWith('Z_'))
      throw new AppError('training/data-unusable', `${path} is no whole gzip file.`, {
        data: { path },
        cause: thrown,
      });
    throw fileError(thrown, path);
  }
  return join(cacheDir, name);
}

function atMost(bytes: number, path: string): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      if (passed <= bytes) return done(null, chunk);
      done(
        new AppError('training/data-too-large', `${path} unpacks to more than ${bytes} bytes.`, {
          data: { path, mostBytes: bytes },
        }),
      );
    },
  });
}
