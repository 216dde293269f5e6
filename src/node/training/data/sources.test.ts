import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DataFormat } from '#contract/federated/task.ts';
import type { DataSource } from '#contract/training-data.ts';
import { decodeImage } from './image-decode.ts';
import { createImageSizer } from './image-size.ts';
import { checkData, openExamples } from './open-examples.ts';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const places = () => ({ cacheDir: at('cache'), resourcesDir: folder });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sources-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** All examples, as [input, label]. */
async function read(source: DataSource, format: DataFormat): Promise<[number[], number][]> {
  const { count, inputSize, ...examples } = await openExamples(source, format, {
    ...places(),
    split: 'all',
  });
  const batch = { inputs: new Float32Array(count * inputSize), labels: new Int32Array(count) };
  examples.read(Int32Array.from(Array(count).keys()), batch);
  examples.close();
  return Array.from({ length: count }, (_, row) => [
    [...batch.inputs.subarray(row * inputSize, (row + 1) * inputSize)],
    batch.labels[row] as number,
  ]);
}

const problemsOf = async (source: DataSource, format: DataFormat) =>
  Object.fromEntries(
    (await checkData(source, format, places())).problems.map(({ code, count }) => [code, count]),
  );

const table: DataFormat = {
  kind: 'table',
  columns: 2,
  scale: [{ offset: 0, factor: 1 }],
  labels: ['a', 'b'],
};
const grey: DataFormat = { kind: 'image', width: 2, height: 2, channels: 1, labels: ['a', 'b'] };
const text: DataFormat = { kind: 'text', tokens: 'bytes', length: 4, vocabulary: 257, labels: ['a', 'b'] };

/** A file in a subfolder. */
function put(content: string | Uint8Array, ...names: string[]): void {
  mkdirSync(at(...names.slice(0, -1)), { recursive: true });
  writeFileSync(at(...names), content);
}

test('a packed CSV file is unpacked once, and anew when it has changed', async () => {
  const source: DataSource = { kind: 'csv', path: at('data.csv.gz') };
  put(gzipSync('1,2,a\n3,4,b\n'), 'data.csv.gz');
  expect(await read(source, table)).toEqual([
    [[1, 2], 0],
    [[3, 4], 1],
  ]);
  put(gzipSync('5,6,b\n'), 'data.csv.gz');
  expect(await read(source, table)).toEqual([[[5, 6], 1]]);
  expect(readdirSync(at('cache')).filter((name) => name.endsWith('.unpacked'))).toHaveLength(1);
});

test('a packed file that grows beyond the limit, or is cut, is refused and leaves nothing behind', async () => {
  const path = at('data.csv.gz');
  const packed = gzipSync('1,2,a\n'.repeat(100_000));
  writeFileSync(path, packed);
  const options = { ...places(), split: 'all' as const, mostUnpackedBytes: 10_000 };
  await expect(openExamples({ kind: 'csv', path }, table, options)).rejects.toMatchObject({
    code: 'training/data-too-large',
  });
  writeFileSync(path, packed.subarray(0, packed.length / 2));
  await expect(checkData({ kind: 'csv', path }, table, places())).rejects.toMatchObject({
    code: 'training/data-unusable',
  });
  expect(readdirSync(at('cache'))).toEqual([]);
});

const jsonLines = (path: string): DataSource => ({
  kind: 'json-lines',
  path,
  text: 'text',
  features: 'features',
  label: 'label',
});

test('JSON lines hold features or texts', async () => {
  put('\uFEFF{"features":[1,2],"label":"a"}\r\n\r\n{"label":"b","features":[3,4.5]}', 'data.jsonl');
  expect(await read(jsonLines(at('data.jsonl')), table)).toEqual([
    [[1, 2], 0],
    [[3, 4.5], 1],
  ]);
  put('{"text":"hé","label":"b"}\n', 'texts.jsonl');
  expect(await read(jsonLines(at('texts.jsonl')), text)).toEqual([[[105, 196, 170, 0], 1]]);
});

test('JSON lines that can’t be used are counted', async () => {
  const lines = [
    '{"features":[1,2],"label":"a"}',
    '{"features":[1,2]',
    '[1,2]',
    '{"features":[1,null],"label":"a"}',
    '{"features":[1,"x"],"label":"a"}',
    '{"features":[1],"label":"a"}',
    '{"label":"a"}',
    '{"features":[1,1e999],"label":"a"}',
    '{"features":[1,2]}',
  ];
  put(lines.join('\n'), 'data.jsonl');
  expect(await problemsOf(jsonLines(at('data.jsonl')), table)).toEqual({
    malformed: 2,
    'missing-value': 2,
    'not-a-number': 1,
    columns: 1,
    'not-finite': 1,
    'no-label': 1,
    'too-few': 1,
    'one-class': 1,
  });
});

/** An IDX file of these dimensions. */
function idx(dimensions: number[], bytes: number[]): Buffer {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head.set([0, 0, 8, dimensions.length]);
  for (const [index, size] of dimensions.entries()) head.writeUInt32BE(size, 4 + 4 * index);
  return Buffer.concat([head, Buffer.from(bytes)]);
}

test('an IDX pair is read as images, or as rows of a table, packed or not', async () => {
  put(gzipSync(idx([2, 2, 2], [0, 51, 102, 255, 255, 0, 0, 0])), 'images.gz');
  put(idx([2], [1, 0]), 'labels');
  const source: DataSource = { kind: 'idx', images: at('images.gz'), labels: at('labels') };
  const labels = ['0', '1'];
  expect(await read(source, { ...grey, labels })).toEqual([
    [[0, 0.2, 0.4, 1].map(Math.fround), 1],
    [[1, 0, 0, 0], 0],
  ]);
  expect(await read(source, { ...table, columns: 4, labels })).toEqual([
    [[0, 51, 102, 255], 1],
    [[255, 0, 0, 0], 0],
  ]);
});

test.each([
  ['a cut file', idx([2, 2, 2], [1, 2, 3]), idx([2], [0, 1])],
  ['labels in place of images', idx([2], [0, 1]), idx([2], [0, 1])],
  ['another number of labels', idx([1, 1, 1], [7]), idx([2], [0, 1])],
  ['something else', Buffer.from('hello'), idx([2], [0, 1])],
])('refuses as IDX %s', async (_what, images, labels) => {
  put(images, 'images');
  put(labels, 'labels');
  const format: DataFormat = { ...grey, labels: ['0', '1'] };
  await expect(
    checkData({ kind: 'idx', images: at('images'), labels: at('labels') }, format, places()),
  ).rejects.toMatchObject({ code: 'training/data-unusable' });
});

const png = (width: number, height: number, channels: 1 | 2 | 3 | 4, data: number[]) =>
  encodePng({ width, height, channels, data: Uint8Array.from(data) });

test('a folder of images becomes pixels of the task’s size, a subfolder for each class', async () => {
  put(png(2, 2, 1, [0, 51, 102, 255]), 'images', 'a', '1.png');
  put(png(4, 4, 1, Array(16).fill(204)), 'images', 'b', 'deep', '2.png');
  const jpeg = encodeJpeg(
    {
      width: 16,
      height: 16,
      data: Buffer.from(
        Array(16 * 16)
          .fill([255, 0, 0, 255])
          .flat(),
      ),
    },
    95,
  );
  put(jpeg.data, 'images', 'b', '3.jpg');
  const found = await read({ kind: 'image-folder', path: at('images') }, grey);
  expect(found.map(([, label]) => label)).toEqual([0, 1, 1]);
  expect(found[0]?.[0]).toEqual([0, 0.2, 0.4, 1].map(Math.fround));
  // Red is 0.299 of white; JPEG is not exact.
  for (const value of found[1]?.[0] ?? []) expect(value).toBeCloseTo(0.299, 1);
  expect(found[2]?.[0]).toEqual(Array(4).fill(Math.fround(0.8)));
});

test('files that are no images, lie in no class or an unknown one, or go round in a circle, are counted', async () => {
  put(png(2, 2, 1, [1, 2, 3, 4]), 'images', 'a', '1.png');
  put('no image', 'images', 'a', '2.png');
  put(png(2, 2, 1, [1, 2, 3, 4]).subarray(0, 50), 'images', 'a', '3.png');
  put(png(2, 2, 1, [1, 2, 3, 4]), 'images', 'c', '4.png');
  put(png(2, 2, 1, [1, 2, 3, 4]), 'images', '5.png');
  put('hidden', 'images', '.DS_Store');
  symlinkSync(at('images'), at('images', 'a', 'round'), 'junction');
  symlinkSync(at('gone'), at('images', 'a', 'dangling'), 'junction');
  expect(await problemsOf({ kind: 'image-folder', path: at('images') }, grey)).toEqual({
    'link-loop': 1,
    unreadable: 1,
    'no-label': 1,
    'not-an-image': 2,
    'unknown-label': 1,
    'too-few': 1,
    'one-class': 1,
  });
});

test('transparency is white, 16 bits and colours of a palette are read, a giant is refused', () => {
  expect(decodeImage(Buffer.from(png(1, 1, 4, [0, 100, 200, 0])))?.data).toEqual(
    Uint8Array.of(255, 255, 255),
  );
  expect(decodeImage(Buffer.from(png(1, 1, 2, [0, 51])))?.data).toEqual(Uint8Array.of(204));
  const deep = encodePng({ width: 1, height: 1, channels: 1, depth: 16, data: Uint16Array.of(0x8000) });
  expect(decodeImage(Buffer.from(deep))?.data).toEqual(Uint8Array.of(128));
  const giant = Buffer.from(png(1, 1, 1, [0]));
  giant.writeUInt32BE(100_000, 16);
  giant.writeUInt32BE(100_000, 20);
  expect(decodeImage(giant)).toBeNull();
});

test('a picture keeps its mean when it shrinks, its corners when it grows, and its channels apart', () => {
  const shrunk = createImageSizer({ width: 2, height: 1, channels: 1 })({
    width: 4,
    height: 2,
    channels: 1,
    data: Uint8Array.of(0, 0, 200, 200, 0, 0, 200, 200),
  });
  expect((shrunk[0] as number) + (shrunk[1] as number)).toBe(200);
  expect(shrunk[0]).toBeLessThan(60);
  const grown = createImageSizer({ width: 4, height: 4, channels: 3 })({
    width: 2,
    height: 2,
    channels: 3,
    data: Uint8Array.of(10, 0, 0, 20, 0, 0, 30, 0, 0, 40, 0, 0),
  });
  expect([grown[0], grown[3 * 3], grown[3 * 12], grown[3 * 15]]).toEqual([10, 20, 30, 40]);
  expect(grown.filter((_, index) => index % 3 !== 0).every((value) => value === 0)).toBe(true);
});

test('a folder of texts: a subfolder a class, or all of it where the text is learnt', async () => {
  put('hi', 'texts', 'a', '1.txt');
  put('\uFEFFyo', 'texts', 'b', '2.md');
  put(Buffer.from([0xff, 0xfe, 0x41]), 'texts', 'b', '3.txt');
  put('', 'texts', 'b', '4.txt');
  const source: DataSource = { kind: 'text-folder', path: at('texts') };
  expect(await read(source, text)).toEqual([
    [[105, 106, 0, 0], 0],
    [[122, 112, 0, 0], 1],
  ]);
  expect(await problemsOf(source, text)).toMatchObject({ encoding: 1, 'empty-text': 1 });
  const { labels: _, ...next } = text;
  const report = await checkData(source, next, places());
  expect(report).toMatchObject({ usable: 2, classes: [] });
});

test('a long text that is learnt itself is taken piece by piece, and up to where it is no text any more', async () => {
  const line = 'All work and no play makes Jack a dull boy.\n';
  put(line.repeat(60_000), 'texts', 'long.txt');
  put(
    Buffer.concat([Buffer.from(line.repeat(30_000)), Buffer.from([0x41, 0xff, 0x42])]),
    'texts',
    'broken.txt',
  );
  const source: DataSource = { kind: 'text-folder', path: at('texts') };
  const report = await checkData(
    source,
    { kind: 'text', tokens: 'bytes', length: 44, vocabulary: 257 },
    places(),
  );
  expect(report.problems).toMatchObject([{ code: 'encoding', count: 1 }]);
  // Of 60,000 lines a window each, but for the last token of a piece; of the other file only its first piece.
  expect(report.usable).toBeGreaterThan(80_000);
  expect(report.usable).toBeLessThanOrEqual(90_000);
});

test('text is not learnt from by a task of images, and a vocabulary too small for bytes is refused', async () => {
  put('hi', 'texts', 'a', '1.txt');
  const source: DataSource = { kind: 'text-folder', path: at('texts') };
  const data = { reason: 'does-not-fit' };
  await expect(checkData(source, grey, places())).rejects.toMatchObject({
    code: 'training/data-unusable',
    data,
  });
  await expect(checkData(source, { ...text, vocabulary: 100 }, places())).rejects.toMatchObject({
    code: 'training/data-unusable',
    data,
  });
  expect(readdirSync(at('cache')).filter((name) => name.endsWith('.pack'))).toEqual([]);
});
