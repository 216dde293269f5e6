import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DataFormat } from '#contract/federated/task.ts';
import { builtInItems } from './built-in.ts';
import { openExamples } from './open-examples.ts';
import { previewData } from './survey.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'large-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const program = `
const { openExamples } = await import(process.argv[1]);
const [, , path, cacheDir] = process.argv;
const before = process.resourceUsage().maxRSS;
const format = { kind: 'table', columns: 64, scale: [{ offset: 0, factor: 1 }], labels: ['0', '1', '2', '3'] };
const examples = await openExamples({ kind: 'csv', path }, format, { cacheDir, resourcesDir: '', split: 'train' });
const batch = { inputs: new Float32Array(64 * 64), labels: new Int32Array(64) };
for (let at = 0; at + 64 <= examples.count; at += 64 * 20)
  examples.read(Int32Array.from({ length: 64 }, (_, row) => at + row), batch);
console.log(JSON.stringify({ before, peak: process.resourceUsage().maxRSS, rows: examples.report.usable }));
`;

test('a large CSV file is indexed and read in a fraction of its size of memory', () => {
  const path = join(folder, 'large.csv');
  const value = (row: number, column: number) => ((row * 31 + column * 7) % 1000) / 8;
  const lines = Array.from(
    { length: 20_000 },
    (_, row) => `${Array.from({ length: 64 }, (_, column) => value(row, column)).join()},${row % 4}\n`,
  );
  const block = Buffer.from(lines.join(''));
  const fd = openSync(path, 'w');
  let rows = 0;
  for (let size = 0; size < 150e6; size += block.length, rows += lines.length) writeSync(fd, block);
  closeSync(fd);
  const module = new URL('./open-examples.ts', import.meta.url).href;
  const output = execFileSync(process.execPath, [
    '--input-type=module',
    '-e',
    program,
    module,
    path,
    join(folder, 'cache'),
  ]);
  const found = JSON.parse(output.toString());
  expect(found.rows).toBe(rows);
  // Kilobytes. 16 bytes a row stay; the rest is buffers of fixed size. The file itself would be 150 MB.
  expect(found.peak - found.before).toBeLessThan(90_000 + (rows * 16) / 1000);
  expect(found.peak * 1000).toBeLessThan(200e6 + rows * 16);
}, 120_000);

test('the mails that ship are what the list says, and train spam against ham', async () => {
  const places = { cacheDir: join(folder, 'mails'), resourcesDir: folder };
  const mails = builtInItems.find(({ id }) => id === 'spam');
  if (!mails) throw new Error('no mails');
  expect((await previewData(mails.source, places)).facts).toEqual(mails.facts);
  const format: DataFormat = {
    kind: 'text',
    tokens: 'words',
    length: 100,
    vocabulary: 5000,
    labels: ['ham', 'spam'],
  };
  const examples = await openExamples(mails.source, format, { ...places, split: 'validation' });
  expect(examples.report).toMatchObject({ rows: 6046, leftOut: 0 });
  expect(examples.count).toBeGreaterThan(1000);
  const batch = { inputs: new Float32Array(100 * 8), labels: new Int32Array(8) };
  examples.read(Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7), batch);
  examples.close();
  expect(batch.inputs.every((token) => token >= 0 && token < 5000)).toBe(true);
  expect([...batch.labels].every((label) => label === 0 || label === 1)).toBe(true);
}, 60_000);
