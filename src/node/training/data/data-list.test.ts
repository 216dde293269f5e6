import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode as encodePng } from 'fast-png';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DataFormat } from '#contract/federated/task.ts';
import { type DataSource, dataPreviewSchema } from '#contract/training-data.ts';
import { openDataList } from './data-list.ts';
import { fits } from './fits.ts';
import { openExamples } from './open-examples.ts';
import { previewData } from './survey.ts';

let folder: string;
let places: { cacheDir: string; resourcesDir: string };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'data-list-'));
  places = {
    cacheDir: join(folder, 'cache'),
    resourcesDir: new URL('../../../../resources', import.meta.url).pathname,
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

const csv = (content: string): DataSource => {
  const path = join(folder, 'data.csv');
  writeFileSync(path, content);
  return { kind: 'csv', path };
};
const preview = async (source: DataSource, format?: DataFormat) => {
  const found = await previewData(source, { ...places, format });
  expect(dataPreviewSchema.parse(JSON.parse(JSON.stringify(found)))).toEqual(found);
  return found;
};
const table: DataFormat = {
  kind: 'table',
  columns: 2,
  scale: [{ offset: 0, factor: 1 }],
  labels: ['a', 'b'],
};
const text: DataFormat = { kind: 'text', tokens: 'words', length: 8, vocabulary: 99, labels: ['a', 'b'] };
const image: DataFormat = { kind: 'image', width: 8, height: 8, channels: 1, labels: ['a', 'b'] };

test('a preview shows rows, columns, classes and problems, and what a task can use', async () => {
  const found = await preview(csv('id;x;y;class\n1;2.5;n/a;a\n2;-1;7;b\n3;0;1\n4;0;oh;a\n'), {
    ...table,
    columns: 3,
  });
  expect(found).toEqual({
    facts: {
      shape: { kind: 'rows', numbers: 3, text: false },
      rows: 4,
      sizeBytes: 49,
      classes: [
        { label: 'a', count: 2 },
        { label: 'b', count: 1 },
      ],
      moreClasses: false,
    },
    columns: [
      { name: 'id', role: 'number', type: 'number', empty: 0, min: 1, max: 4 },
      { name: 'x', role: 'number', type: 'number', empty: 0, min: -1, max: 2.5 },
      { name: 'y', role: 'number', type: 'mixed', empty: 1, min: 7, max: 7 },
      { name: 'class', role: 'label', type: 'text', empty: 0, min: null, max: null },
    ],
    columnRows: 3,
    firstRows: [
      ['1', '2.5', 'n/a', 'a'],
      ['2', '-1', '7', 'b'],
      ['4', '0', 'oh', 'a'],
    ],
    dialect: { delimiter: ';', header: true },
    problems: [{ code: 'columns', leavesOut: true, count: 1, examples: [{ row: 4, value: '3 ≠ 4' }] }],
    check: expect.objectContaining({ rows: 4, usable: 1, leftOut: 3 }),
  });
});

test('a preview of JSON lines and of folders', async () => {
  const path = join(folder, 'data.jsonl');
  writeFileSync(path, '{"features":[1,9],"label":"a"}\n{"features":[-2,3],"label":1}\n');
  const lines = await preview({
    kind: 'json-lines',
    path,
    text: 'text',
    features: 'features',
    label: 'label',
  });
  expect(lines.facts.shape).toEqual({ kind: 'rows', numbers: 2, text: false });
  expect(lines.columns[0]).toMatchObject({ name: 'features', min: -2, max: 9 });
  expect(lines.firstRows[0]).toEqual(['features: [1,9]', 'label: a']);
  mkdirSync(join(folder, 'images', 'cat'), { recursive: true });
  writeFileSync(
    join(folder, 'images', 'cat', '1.png'),
    encodePng({ width: 3, height: 2, channels: 1, data: new Uint8Array(6) }),
  );
  const images = await preview({ kind: 'image-folder', path: join(folder, 'images') });
  expect(images.facts).toMatchObject({
    shape: { kind: 'images' },
    rows: 1,
    classes: [{ label: 'cat', count: 1 }],
  });
  expect(images.firstRows).toEqual([['1.png', 'cat', '3 × 2']]);
});

test.each([
  ['a table of as many numbers', '1,2,a\n3,4,b\n', table, { fits: true }],
  [
    'a table of other numbers',
    '1,2,3,a\n3,4,5,b\n',
    table,
    { fits: false, reason: 'columns', has: 3, wants: 2 },
  ],
  ['a table of words', 'x,y,a\nz,w,b\n', table, { fits: false, reason: 'not-numbers' }],
  ['other classes', '1,2,c\n3,4,d\n', table, { fits: false, reason: 'no-classes' }],
  ['texts', 'hello there,a\nbye,b\n', text, { fits: true }],
  ['numbers for a task of texts', '1,2,a\n3,4,b\n', text, { fits: false, reason: 'kind' }],
  [
    'numbers for a task of images',
    '1,2,a\n3,4,b\n',
    image,
    { fits: false, reason: 'columns', has: 2, wants: 64 },
  ],
])('whether data fit a task: %s', async (_what, content, format, expected) => {
  expect(fits((await preview(csv(content))).facts, format)).toEqual(expected);
});

test('the list keeps what was added, and what ships stays', async () => {
  const file = join(folder, 'data.json');
  const list = openDataList(file, places);
  const seen: string[][] = [];
  list.shown.subscribe((items) => seen.push(items.map(({ name }) => name)));
  const source = csv('1,2,a\n3,4,b\n');
  const item = await list.add({ source });
  expect(list.get(item.id)).toMatchObject({ name: 'data.csv', facts: { rows: 2 } });
  await expect(list.add({ source, name: 'Again' })).rejects.toMatchObject({
    code: 'training/data-already-there',
  });
  expect(openDataList(file, places).shown.get()).toEqual(list.shown.get());
  list.remove(item.id);
  list.remove('digits');
  const shipped = ['Handwritten digits', 'Mails, spam or not'];
  expect(seen).toEqual([shipped, [...shipped, 'data.csv'], shipped]);
  expect(existsSync(join(folder, 'data.csv'))).toBe(true);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([]);
});

test('what was kept of data goes when they leave the list, and what was never in it at the next start', async () => {
  const file = join(folder, 'data.json');
  const list = openDataList(file, places);
  const names = () => readdirSync(places.cacheDir);
  await preview({ kind: 'built-in', name: 'digits' }, { ...table, columns: 64, labels: ['1', '2'] });
  const ofDigits = names();
  expect(ofDigits).toHaveLength(3);
  const source = csv('one two,a\nthree,b\n');
  const item = await list.add({ source });
  await preview(source, text);
  expect(names()).toHaveLength(5);
  expect(openDataList(file, places).shown.get()).toHaveLength(3);
  expect(names()).toHaveLength(5);
  list.remove(item.id);
  expect(names().sort()).toEqual(ofDigits.sort());
  await preview(source, text);
  openDataList(file, places);
  expect(names().sort()).toEqual(ofDigits.sort());
});

test('what is empty or not there does not come into the list', async () => {
  const list = openDataList(join(folder, 'data.json'), places);
  await expect(list.add({ source: csv('a,b,label\n') })).rejects.toMatchObject({
    code: 'training/data-unusable',
  });
  const gone: DataSource = { kind: 'text-folder', path: join(folder, 'gone') };
  await expect(list.add({ source: gone })).rejects.toMatchObject({ code: 'training/data-not-found' });
  expect(list.shown.get()).toHaveLength(2);
});

test('the digits that ship are what the list says', async () => {
  const list = openDataList(join(folder, 'data.json'), places);
  const digits = list.get('digits');
  if (!digits) throw new Error('no digits');
  expect((await preview(digits.source)).facts).toEqual(digits.facts);
  const labels = [...'0123456789'];
  const format: DataFormat = { kind: 'table', columns: 64, scale: [{ offset: 0, factor: 1 / 16 }], labels };
  expect(fits(digits.facts, format)).toEqual({ fits: true });
  const examples = await openExamples(digits.source, format, { ...places, split: 'all' });
  expect(examples.report).toMatchObject({ rows: 1797, usable: 1797, problems: [] });
  const batch = { inputs: new Float32Array(64), labels: new Int32Array(1) };
  examples.read(Int32Array.of(1), batch);
  examples.close();
  expect(batch.labels[0]).toBe(1);
  expect([...batch.inputs.subarray(0, 8)]).toEqual([0, 0, 0, 12, 13, 5, 0, 0].map((value) => value / 16));
});
