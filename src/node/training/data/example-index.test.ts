import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createIndexWriter, readEntries } from './example-index.ts';
import { eachRecord, scanLine } from './record-stream.ts';

test.skipIf(process.platform === 'win32')('rows beyond 4 GB of a file are found and read again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'index-'));
  const path = join(folder, 'sparse.csv');
  const hole = 5_000_000_000;
  const fd = openSync(path, 'w+');
  try {
    ftruncateSync(fd, hole);
    writeSync(fd, '1,2\n33,44\n', hole);
    const index = createIndexWriter(folder, 'id');
    await eachRecord(path, {
      from: hole,
      scan: scanLine,
      tooLarge: () => {},
      visit: ({ from, to, offset, row }) => index.add(offset, to - from, row, Float32Array.of(row)),
    });
    const report = { rows: 2, usable: 2, leftOut: 0, classes: [], problems: [] };
    const head = index.finish({ stamp: 's', file: path, fileStamp: 'f', layout: null, report });
    const entries = readEntries(folder, head, () => true);
    expect(entries.count).toBe(2);
    const bytes = Buffer.alloc(entries.lengths[1] as number);
    readSync(fd, bytes, 0, bytes.length, entries.offsets[1] as number);
    expect(bytes.toString()).toBe('33,44\n');
    expect([...entries.classes]).toEqual([1, 2]);
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
});
