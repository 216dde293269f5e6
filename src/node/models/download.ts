import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { toAppError } from '#contract/result.ts';
import type { ByteRate } from '../byte-rate.ts';
import type { Clock } from '../clock.ts';
import type { Fetcher, HubFile } from './hub.ts';

/** What a download is called until it is whole; beside it lies what is known of it. */
export const partEnding = '.part';
export const partNoteEnding = '.part.json';

const stallMs = 30_000;
const firstBackoffMs = 1000;
const mostBackoffMs = 60_000;
/** Tries in a row that bring nothing new. */
const mostFruitless = 6;
/** Times that the bytes may turn out wrong, each with the next mirror, before it is given up. */
const mostCorrupt = 2;
const spareDiskBytes = 100e6;

const noteSchema = z.object({ sha256: z.string(), sizeBytes: z.number(), etag: z.string().nullable() });

/** Begins the file anew: what is here does not go on with what the server has. */
class Restart extends Error {}

/**
 * Loads a file to `to`, going on with what is there of it. The hash is made of the bytes as they come. Cuts, stalls, refusals and
 * servers that ignore ranges are tried again; bytes that do not give the hub's hash are deleted. Aborting keeps what has come.
 * Rejects with `models/download-failed`, `models/download-corrupt`, `models/gated` or `disk/full`.
 */
export async function download(options: {
  file: HubFile;
  to: string;
  fetcher: Fetcher;
  clock: Clock;
  signal: AbortSignal;
  rate: ByteRate;
  onProgress(receivedBytes: number): void;
}): Promise<void> {
  const { file, to, clock, signal } = options;
  const part = to + partEnding;
  const note = to + partNoteEnding;
  let known = await readNote(note);
  if (known && (known.sha256 !== file.sha256 || known.sizeBytes !== file.sizeBytes)) known = null;
  let etag = known?.etag ?? null;
  // Appending: after a truncation the next byte goes to the new end.
  const handle = await open(part, 'a+');
  if (!known) await handle.truncate(0);
  let { hash, received } = known ? await hashOf(part) : { hash: createHash('sha256'), received: 0 };

  async function startAnew(): Promise<void> {
    await handle.truncate(0);
    hash = createHash('sha256');
    received = 0;
    etag = null;
  }

  async function checkDisk(): Promise<void> {
    const { bavail, bsize } = await statfs(dirname(to));
    const missing = file.sizeBytes - received + spareDiskBytes - bavail * bsize;
    if (missing > 0)
      throw new AppError(
        'disk/full',
        `The disk lacks ${Math.ceil(missing / 1e6).toLocaleString('en')} MB for this model.`,
      );
  }

  async function fetchOnce(url: string): Promise<void> {
    const stall = new AbortController();
    const range = received > 0 ? { range: `bytes=${received}-`, ...(etag ? { 'if-range': etag } : {}) } : {};
    let timer = setTimeout(() => stall.abort(), stallMs);
    try {
      const response = await options.fetcher(url, {
        headers: { ...range, 'accept-encoding': 'identity' },
        signal: AbortSignal.any([signal, stall.signal]),
      });
      await checkAnswer(response.status, response.headers);
      if (response.status === 200 && received > 0) await startAnew();
      etag = response.headers.get('etag');
      await writeFileAtomic(note, JSON.stringify({ sha256: file.sha256, sizeBytes: file.sizeBytes, etag }));
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        timer = setTimeout(() => stall.abort(), stallMs);
        await take(handle, chunk as Uint8Array);
        await options.rate.take((chunk as Uint8Array).length, signal);
        // Waiting for the limit is no stall of the server's.
        timer.refresh();
      }
    } catch (thrown) {
      if (stall.signal.aborted && !signal.aborted) throw failed('no byte has come for 30 s', thrown);
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  async function take(target: FileHandle, chunk: Uint8Array): Promise<void> {
    if (received + chunk.length > file.sizeBytes) throw new Restart('more bytes came than the hub has said');
    try {
      await target.appendFile(chunk);
    } catch (cause) {
      // Half a chunk may have been written: the hash knows nothing of it.
      await target.truncate(received).catch(() => {});
      if ((cause as NodeJS.ErrnoException).code === 'ENOSPC')
        throw new AppError('disk/full', 'The disk is full; what has come is kept.', { cause });
      throw cause;
    }
    hash.update(chunk);
    received += chunk.length;
    options.onProgress(received);
  }

  async function checkAnswer(status: number, headers: { get(name: string): string | null }): Promise<void> {
    if (status === 200) return;
    if (status === 401 || status === 403)
      throw new AppError('models/gated', 'The hub wants its terms for this model to be accepted first.');
    if (status === 416) throw new Restart('the server has less than is here');
    if (status === 206) {
      const found = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '');
      if (Number(found?.[1]) !== received || Number(found?.[2]) !== file.sizeBytes)
        throw new Restart('the server sends another part than was asked for');
      return;
    }
    throw failed(`the server answers ${status}`, undefined, Number(headers.get('retry-after')) || undefined);
  }

  try {
    if (received > file.sizeBytes) await startAnew();
    options.onProgress(received);
    await checkDisk();
    let fruitless = 0;
    let corrupt = 0;
    for (let turn = 0; ; turn += 1) {
      const before = received;
      const url = file.urls[turn % file.urls.length] as string;
      let error: AppError | null = null;
      try {
        if (received < file.sizeBytes) await fetchOnce(url);
      } catch (thrown) {
        signal.throwIfAborted();
        if (thrown instanceof Restart) await startAnew();
        error = passing(thrown);
      }
      if (received === file.sizeBytes) {
        if (hash.digest('hex') === file.sha256) break;
        corrupt += 1;
        await startAnew();
        error = new AppError(
          'models/download-corrupt',
          'The bytes that came are not the file that the hub describes.',
        );
        if (corrupt >= mostCorrupt) throw error;
      }
      fruitless = received > before ? 0 : fruitless + 1;
      if (fruitless >= mostFruitless) throw error ?? failed('the file ends too early');
      const backoffMs = Math.min(mostBackoffMs, firstBackoffMs * 2 ** fruitless);
      await clock.sleep((error?.retryAfterSeconds ?? 0) * 1000 || backoffMs, signal);
    }
    await handle.sync();
  } catch (thrown) {
    await handle.close();
    if (toAppError(thrown).code === 'models/download-corrupt') await discardPart(to);
    throw thrown;
  }
  await handle.close();
  await rename(part, to);
  await rm(note, { force: true });
}

/** Deletes what has come of a file. */
export async function discardPart(to: string): Promise<void> {
  await rm(to + partEnding, { force: true });
  await rm(to + partNoteEnding, { force: true });
}

/** Bytes that are there of a file already. */
export async function partBytes(to: string): Promise<number> {
  return (await stat(to + partEnding).catch(() => null))?.size ?? 0;
}

/** A failure that the next try may not meet; others are thrown on. */
function passing(thrown: unknown): AppError {
  if (thrown instanceof Restart) return failed(thrown.message);
  if (thrown instanceof AppError && thrown.code !== 'models/download-failed') throw thrown;
  return thrown instanceof AppError ? thrown : failed('the connection broke off', thrown);
}

const failed = (why: string, cause?: unknown, retryAfterSeconds?: number) =>
  new AppError('models/download-failed', `The download does not go on: ${why}.`, {
    cause,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds: Math.min(retryAfterSeconds, 600) }),
  });

async function hashOf(path: string): Promise<{ hash: Hash; received: number }> {
  const hash = createHash('sha256');
  let received = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer);
    received += (chunk as Buffer).length;
  }
  return { hash, received };
}

async function readNote(path: string): Promise<z.infer<typeof noteSchema> | null> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
}
