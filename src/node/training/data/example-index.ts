import { hash, randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { dataReportSchema } from '#contract/training-data.ts';
import { writeAll } from './write-all.ts';

/** Changes when an index of before would be read wrongly. */
const version = 1;
/** An entry: offset as a double, length and class as 32 bits, 64 bits of the input's SHA-256. */
const entryBytes = 24;
const entriesAtOnce = 1 << 14;
/** More take too much memory: 16 bytes each. */
const mostExamples = 12_000_000;

const headSchema = z.object({
  version: z.literal(version),
  stamp: z.string(),
  /** Names in the cache folder. */
  entries: z.string(),
  count: z.int(),
  /** The file that the offsets are of, and its stamp. */
  file: z.string(),
  fileStamp: z.string(),
  /** What the source's reader needs to know, found in the pass. */
  layout: z.json(),
  report: dataReportSchema,
});
export type IndexHead = z.infer<typeof headSchema>;

export interface IndexWriter {
  count: number;
  /** `input` is the example as a model sees it; it decides to which side of a split the example falls. */
  add(offset: number, length: number, classIndex: number, input: Float32Array): void;
  finish(head: Omit<IndexHead, 'version' | 'entries' | 'count'>): IndexHead;
  /** Takes back what was written, unless it is finished. */
  discard(): void;
}

/** Writes the entries as they come; the head, written last, makes them count. */
export function createIndexWriter(cacheDir: string, id: string): IndexWriter {
  mkdirSync(cacheDir, { recursive: true });
  const name = `${id}-${randomBytes(6).toString('hex')}.entries`;
  const path = join(cacheDir, name);
  const fd = openSync(path, 'wx', 0o600);
  const buffer = Buffer.alloc(entriesAtOnce * entryBytes);
  let buffered = 0;
  let isOpen = true;
  const flush = () => {
    writeAll(fd, buffer.subarray(0, buffered));
    buffered = 0;
  };
  const close = () => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  const writer: IndexWriter = {
    count: 0,
    add(offset, length, classIndex, input) {
      if (writer.count === mostExamples)
        throw new AppError('training/data-too-large', `More than ${mostExamples} examples.`, {
          data: { mostExamples },
        });
      const digest = hash(
        'sha256',
        new Uint8Array(input.buffer, input.byteOffset, input.byteLength),
        'buffer',
      );
      buffer.writeDoubleLE(offset, buffered);
      buffer.writeUInt32LE(length, buffered + 8);
      buffer.writeInt32LE(classIndex, buffered + 12);
      digest.copy(buffer, buffered + 16, 0, 8);
      buffered += entryBytes;
      writer.count += 1;
      if (buffered === buffer.length) flush();
    },
    finish(rest) {
      flush();
      close();
      const head = { version, entries: name, count: writer.count, ...rest } as const;
      writeFileAtomic.sync(join(cacheDir, `${id}.json`), JSON.stringify(head), { mode: 0o600 });
      removeCached(cacheDir, id, [name, basename(head.file)]);
      return head;
    },
    discard() {
      if (!isOpen) return;
      close();
      rmSync(path, { force: true });
    },
  };
  return writer;
}

/** Deletes what the cache holds under an id, but for these names. A file that another program holds open may stay. */
export function removeCached(cacheDir: string, id: string, kept: readonly string[] = []): void {
  for (const name of readdirSync(cacheDir)) {
    if (!name.startsWith(`${id}-`) || kept.includes(name)) continue;
    try {
      rmSync(join(cacheDir, name), { force: true });
    } catch {}
  }
}

/** The index of this id, if it is whole and of this stamp. */
export function readIndexHead(cacheDir: string, id: string, stamp: string): IndexHead | null {
  try {
    const head = headSchema.parse(JSON.parse(readFileSync(join(cacheDir, `${id}.json`), 'utf8')));
    const { size } = statSync(join(cacheDir, head.entries));
    return head.stamp === stamp && size === head.count * entryBytes ? head : null;
  } catch {
    return null;
  }
}

/** Where the examples of one side of a split lie. */
export interface Entries {
  count: number;
  offsets: Float64Array;
  lengths: Uint32Array;
  /** −1: none. */
  classes: Int32Array;
}

/** Reads the entries whose hash is kept; the rest takes no memory. */
export function readEntries(
  cacheDir: string,
  head: IndexHead,
  keeps: (hashLow: number, hashHigh: number) => boolean,
): Entries {
  const fd = openSync(join(cacheDir, head.entries), 'r');
  try {
    let count = 0;
    eachEntry(fd, head.count, (bytes, at) => {
      if (keeps(bytes.readUInt32LE(at + 16), bytes.readUInt32LE(at + 20))) count += 1;
    });
    const entries: Entries = {
      count,
      offsets: new Float64Array(count),
      lengths: new Uint32Array(count),
      classes: new Int32Array(count),
    };
    let index = 0;
    eachEntry(fd, head.count, (bytes, at) => {
      if (!keeps(bytes.readUInt32LE(at + 16), bytes.readUInt32LE(at + 20))) return;
      entries.offsets[index] = bytes.readDoubleLE(at);
      entries.lengths[index] = bytes.readUInt32LE(at + 8);
      entries.classes[index] = bytes.readInt32LE(at + 12);
      index += 1;
    });
    return entries;
  } finally {
    closeSync(fd);
  }
}

function eachEntry(fd: number, count: number, visit: (bytes: Buffer, at: number) => void): void {
  const bytes = Buffer.alloc(entriesAtOnce * entryBytes);
  for (let done = 0; done < count; ) {
    const wanted = Math.min(entriesAtOnce, count - done);
    const read = readSync(fd, bytes, 0, wanted * entryBytes, done * entryBytes);
    if (read < wanted * entryBytes) throw new Error('The index is cut.');
    for (let entry = 0; entry < wanted; entry += 1) visit(bytes, entry * entryBytes);
    done += wanted;
  }
}
