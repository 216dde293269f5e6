import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '#contract/errors.ts';
import { writeAll } from './write-all.ts';

/** What images or tokens may take in the cache once they are numbers of the task's size. */
const mostPackBytes = 8 * 2 ** 30;
const bufferBytes = 1 << 18;

/** A file of examples that were made ready once: images of the task's size, or token ids. */
export interface Pack {
  path: string;
  /** Offset of what was written. Throws `training/data-too-large`. */
  write(bytes: Uint8Array): number;
  finish(): void;
  discard(): void;
}

export function createPack(cacheDir: string, id: string): Pack {
  mkdirSync(cacheDir, { recursive: true });
  const path = join(cacheDir, `${id}-${randomBytes(6).toString('hex')}.pack`);
  const fd = openSync(path, 'wx', 0o600);
  const buffer = Buffer.alloc(bufferBytes);
  let buffered = 0;
  let size = 0;
  let isOpen = true;
  const flush = () => {
    writeAll(fd, buffer.subarray(0, buffered));
    buffered = 0;
  };
  const close = () => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  return {
    path,
    write(bytes) {
      if (size + bytes.length > mostPackBytes)
        throw new AppError('training/data-too-large', `It takes more than ${mostPackBytes} bytes.`, {
          data: { mostBytes: mostPackBytes },
        });
      if (buffered + bytes.length > bufferBytes) flush();
      if (bytes.length > bufferBytes) writeAll(fd, bytes);
      else {
        buffer.set(bytes, buffered);
        buffered += bytes.length;
      }
      size += bytes.length;
      return size - bytes.length;
    },
    finish() {
      flush();
      close();
    },
    discard() {
      if (!isOpen) return;
      close();
      rmSync(path, { force: true });
    },
  };
}
