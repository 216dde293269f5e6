import { type FileHandle, open } from 'node:fs/promises';
import { fileError } from './file-error.ts';

const chunkBytes = 1 << 20;
/** One record may have this many bytes: 65,536 columns of 128. */
const mostRecordBytes = 1 << 23;

export interface FoundRecord {
  bytes: Buffer;
  from: number;
  to: number;
  /** Of its first byte in the file. */
  offset: number;
  /** Counted from 1. */
  row: number;
}

/** Where the record that starts at `from` ends, or −1 where more bytes are needed. */
export type ScanRecord = (bytes: Buffer, from: number, to: number, isLast: boolean) => number;

interface Pass {
  /** Where the first record starts in the file. */
  from: number;
  scan: ScanRecord;
  visit(record: FoundRecord): void;
  /** A record was left out for its size. */
  tooLarge(row: number): void;
  signal?: AbortSignal | undefined;
}

/** Goes through a file's records, holding one chunk of it. Throws `training/data-not-found`. */
export async function eachRecord(path: string, pass: Pass): Promise<void> {
  const file = await open(path).catch((thrown) => {
    throw fileError(thrown, path);
  });
  try {
    await goThrough(file, pass);
  } finally {
    await file.close();
  }
}

async function goThrough(file: FileHandle, { from, scan, visit, tooLarge, signal }: Pass): Promise<void> {
  let bytes = Buffer.allocUnsafe(chunkBytes);
  /** Of bytes[0] in the file. */
  let base = from;
  let filled = 0;
  let row = 0;
  let isSkipping = false;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, base + filled);
    const isLast = bytesRead === 0;
    filled += bytesRead;
    let at = 0;
    if (isSkipping) {
      const lineEnd = bytes.subarray(0, filled).indexOf(0x0a);
      at = lineEnd === -1 ? filled : lineEnd + 1;
      isSkipping = lineEnd === -1 && !isLast;
    }
    while (at < filled) {
      const next = scan(bytes, at, filled, isLast);
      if (next === -1) break;
      row += 1;
      visit({ bytes, from: at, to: next, offset: base + at, row });
      at = next;
    }
    if (isLast) return;
    if (at === 0 && filled === bytes.length) {
      if (bytes.length < mostRecordBytes) {
        bytes = Buffer.concat([bytes], bytes.length * 2);
        continue;
      }
      row += 1;
      tooLarge(row);
      isSkipping = true;
      at = filled;
    }
    bytes.copy(bytes, 0, at, filled);
    base += at;
    filled -= at;
  }
}

/** A record is a line, its end not among its bytes but in the step to the next. */
export const scanLine: ScanRecord = (bytes, from, to, isLast) => {
  const end = bytes.subarray(from, to).indexOf(0x0a);
  if (end === -1) return isLast ? to : -1;
  return from + end + 1;
};
