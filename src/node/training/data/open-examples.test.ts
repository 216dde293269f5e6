import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DataFormat } from '#contract/federated/task.ts';
import type { DataSource } from '#contract/training-data.ts';
import { createBalancedDraw } from './balance.ts';
import { checkData, type OpenedExamples, type OpenOptions, openExamples } from './open-examples.ts';

let folder: string;
let path: string;
let opened: OpenedExamples[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'examples-'));
  path = join(folder, 'data.csv');
  opened = [];
});
afterEach(() => {
  for (const examples of opened) examples.close();
  rmSync(folder, { recursive: true });
});

const table: DataFormat = {
  kind: 'table',
  columns: 2,
  scale: [
    { offset: 1, factor: 2 },
    { offset: 0, factor: 0.5 },
  ],
  labels: ['no', 'yes'],
};
const csv = (options: Partial<Extract<DataSource, { kind: 'csv' }>> = {}): DataSource => ({
  kind: 'csv',
  path,
  ...options,
});

async function openAs(format: DataFormat, options: Partial<OpenOptions> = {}, source = csv()) {
  const places = { cacheDir: join(folder, 'cache'), resourcesDir: folder };
  const examples = await openExamples(source, format, { ...places, split: 'all', ...options });
  opened.push(examples);
  return examples;
}

/** All examples, as [input, labels]. */
function allOf(examples: OpenedExamples): [number[], number[]][] {
  const { count, inputSize, labelSize } = examples;
  const batch = { inputs: new Float32Array(count * inputSize), labels: new Int32Array(count * labelSize) };
  examples.read(
    Int32Array.from({ length: count }, (_, index) => index),
    batch,
  );
  return Array.from({ length: count }, (_, row) => [
    [...batch.inputs.subarray(row * inputSize, (row + 1) * inputSize)],
    [...batch.labels.subarray(row * labelSize, (row + 1) * labelSize)],
  ]);
}

test('a row becomes scaled numbers and the class of its label', async () => {
  writeFileSync(path, '1,4,yes\n"3","-2.5",no\n');
  const examples = await openAs(table);
  expect(allOf(examples)).toEqual([
    [[0, 2], [1]],
    [[4, -1.25], [0]],
  ]);
  expect(examples.classCounts).toEqual([1, 1]);
});

test('rows are read by number, in any order, the same as a straightforward reader reads them', async () => {
  const number = fc.double({ min: -100, max: 100, noNaN: true }).map((value) => Math.fround(value));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(number, number, fc.constantFrom('no', 'yes')), { minLength: 1, maxLength: 40 }),
      fc.constantFrom('\n', '\r\n'),
      async (rows, lineEnd) => {
        writeFileSync(path, rows.map((row) => row.join(';')).join(lineEnd));
        // A file that is written twice within a clock tick and stays as long is the same file to its stamp.
        utimesSync(path, 1, Math.random() * 1e9);
        const examples = await openAs({ ...table, scale: [{ offset: 0, factor: 1 }] });
        const batch = { inputs: new Float32Array(rows.length * 2), labels: new Int32Array(rows.length) };
        const order = Int32Array.from(rows.keys()).reverse();
        examples.read(order, batch);
        for (const [at, index] of order.entries()) {
          const [first, second, label] = rows[index] as [number, number, string];
          expect([...batch.inputs.subarray(at * 2, at * 2 + 2)]).toEqual(
            [first, second].map((value) => value + 0),
          );
          expect(batch.labels[at]).toBe(label === 'yes' ? 1 : 0);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('an example falls to the same side however the file is ordered, and its copies with it', async () => {
  const rows = Array.from({ length: 400 }, (_, row) => `${row % 300},${row % 7},${row % 2 ? 'yes' : 'no'}`);
  const sideOf = async (lines: string[], side: 'train' | 'validation', salt?: string) => {
    writeFileSync(path, lines.join('\n'));
    utimesSync(path, 1, Math.random() * 1e9);
    const examples = await openAs(table, { split: side, ...(salt ? { salt } : {}) });
    return allOf(examples)
      .map(([input]) => input.join())
      .sort();
  };
  const train = await sideOf(rows, 'train');
  const validation = await sideOf(rows, 'validation');
  expect(train.length + validation.length).toBe(400);
  expect(validation.length).toBeGreaterThan(40);
  expect(validation.length).toBeLessThan(120);
  expect(train.filter((input) => validation.includes(input))).toEqual([]);
  // Other order, other writing of the same numbers.
  const shuffled = [...rows].reverse().map((row) => row.replace(',', '.0,"').replace(/,(?=[a-z])/, '",'));
  expect(await sideOf(shuffled, 'train')).toEqual(train);
  expect(await sideOf(shuffled, 'validation')).toEqual(validation);
  expect(await sideOf(rows, 'validation', 'another task')).not.toEqual(validation);
});

test('what can’t be used is left out and counted with its row', async () => {
  const lines = [
    'a,b,label',
    '1,2,yes',
    ',2,yes',
    '1,two,no',
    '1,NaN,no',
    '1,2',
    '1,2,maybe',
    '1,2,',
    '',
    `1,${'2'.repeat(1_100_000)},no`,
    '1,9e9,no',
    '1,"2,no',
  ];
  writeFileSync(
    path,
    Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), Buffer.from('1,2,\xff\n', 'latin1')]),
  );
  const { report } = await openAs(table);
  expect(report).toMatchObject({ rows: 11, usable: 2, leftOut: 9 });
  const found = Object.fromEntries(
    report.problems.map(({ code, count, examples }) => [code, [count, examples[0]]]),
  );
  expect(found).toEqual({
    'missing-value': [1, { row: 3, column: 'a', value: '' }],
    'not-a-number': [1, { row: 4, column: 'b', value: 'two' }],
    'not-finite': [1, { row: 5, column: 'b', value: 'NaN' }],
    columns: [1, { row: 6, value: '2 ≠ 3' }],
    'unknown-label': [1, { row: 7, value: 'maybe' }],
    'no-label': [1, { row: 8 }],
    'bad-quotes': [1, { row: 12 }],
    clipped: [1, { row: 11 }],
    'field-too-large': [1, { row: 10 }],
    encoding: [1, { row: 13 }],
    'too-few': [2, undefined],
  });
});

test('an absurd number is taken as the bound', async () => {
  writeFileSync(path, '1,9e9,yes\n1,-9e9,no\n');
  const inputs = allOf(await openAs(table)).map(([input]) => input[1]);
  expect(inputs).toEqual([1000, -1000]);
});

test('a label of one class only is told', async () => {
  writeFileSync(path, Array.from({ length: 30 }, (_, row) => `${row},1,yes`).join('\n'));
  const { report } = await openAs(table);
  expect(report.problems).toEqual([
    { code: 'one-class', leavesOut: false, count: 1, examples: [{ value: 'yes' }] },
  ]);
});

test.each([
  ['no row has a label of the task', '1,2,a\n3,4,b\n', { reason: 'nothing-usable' }],
  ['the columns are not those of the task', '1,2,3,yes\n3,4,5,no\n', { reason: 'does-not-fit' }],
  ['the file is empty', '', { reason: 'empty' }],
])('nothing is usable where %s', async (_what, content, data) => {
  writeFileSync(path, content);
  await expect(openAs(table)).rejects.toMatchObject({ code: 'training/data-unusable', data });
});

test('a file that is not there, and a folder in its place, are said so', async () => {
  await expect(openAs(table)).rejects.toMatchObject({ code: 'training/data-not-found' });
  mkdirSync(path);
  await expect(openAs(table)).rejects.toMatchObject({ code: 'training/data-not-found' });
});

test('a file that changes while it is open is noticed, and read anew when it is opened again', async () => {
  writeFileSync(path, '1,2,yes\n3,4,no\n');
  const examples = await openAs(table);
  allOf(examples);
  appendFileSync(path, '5,6,no\n');
  expect(() => allOf(examples)).toThrow(expect.objectContaining({ code: 'training/data-changed' }));
  expect((await openAs(table)).count).toBe(3);
  truncateSync(path, 8);
  expect((await openAs(table)).count).toBe(1);
});

test.skipIf(process.platform === 'win32')(
  'a file that is deleted while it is open is read to the end',
  async () => {
    writeFileSync(path, '1,2,yes\n3,4,no\n');
    const examples = await openAs(table);
    rmSync(path);
    expect(allOf(examples)).toHaveLength(2);
    await expect(openAs(table)).rejects.toMatchObject({ code: 'training/data-not-found' });
  },
);

test('the index is kept, one for each source and format, and made anew where it is damaged', async () => {
  const cache = join(folder, 'cache');
  writeFileSync(path, '1,2,yes\n3,4,no\n');
  await openAs(table);
  const files = readdirSync(cache).sort();
  expect(files).toHaveLength(2);
  await openAs(table);
  expect(readdirSync(cache).sort()).toEqual(files);
  appendFileSync(path, '5,6,no\n');
  await openAs(table);
  expect(readdirSync(cache)).toHaveLength(2);
  for (const name of readdirSync(cache)) writeFileSync(join(cache, name), 'x');
  expect((await openAs(table)).count).toBe(3);
  for (const name of readdirSync(cache)) if (name.endsWith('.entries')) rmSync(join(cache, name));
  expect((await openAs(table)).count).toBe(3);
});

test('a pass that is cancelled leaves nothing behind', async () => {
  writeFileSync(path, '1,2,yes\n');
  const places = { cacheDir: join(folder, 'cache'), resourcesDir: folder };
  await expect(checkData(csv(), table, { ...places, signal: AbortSignal.abort() })).rejects.toThrow();
  expect(readdirSync(places.cacheDir)).toEqual([]);
});

const texts = { kind: 'text', tokens: 'words', length: 6, vocabulary: 1000 } as const;

test('words are hashed into the vocabulary, the same word to the same number, and 0 pads', async () => {
  writeFileSync(path, 'label,text\nyes,"Buy, buy NOW"\nno,"now"\nno,"  "\n');
  const examples = await openAs({ ...texts, labels: ['no', 'yes'] });
  const [[first], [second]] = allOf(examples) as [[number[], number[]], [number[], number[]]];
  expect(first[0]).toBe(first[2]);
  expect(first[3]).toBe(second[0]);
  expect(first.slice(4)).toEqual([0, 0]);
  expect(first.slice(0, 4).every((id) => id >= 1 && id < 1000)).toBe(true);
  expect(examples.report.problems.find(({ code }) => code === 'empty-text')).toMatchObject({ count: 1 });
});

test('where the next token is learnt, each token but the first of a text is predicted once', async () => {
  writeFileSync(path, '"abcdefghij"\n"xy"\n"z"\n');
  const examples = await openAs({ kind: 'text', tokens: 'bytes', length: 4, vocabulary: 257 });
  const read = (ids: number[]) => ids.map((id) => (id > 0 ? String.fromCharCode(id - 1) : '')).join('');
  expect(allOf(examples).map(([input, labels]) => [read(input), read(labels)])).toEqual([
    ['abcd', 'bcde'],
    ['efgh', 'fghi'],
    ['ij', 'j'],
    ['xy', 'y'],
  ]);
  expect(allOf(examples)[3]?.[1]).toEqual([122, -1, -1, -1]);
  expect(examples.report.problems).toContainEqual(expect.objectContaining({ code: 'empty-text', count: 1 }));
});

test('balanced numbers draw each class as often, whatever its share', async () => {
  writeFileSync(
    path,
    Array.from({ length: 200 }, (_, row) => `${row},1,${row % 20 === 0 ? 'yes' : 'no'}`).join('\n'),
  );
  const examples = await openAs(table);
  expect(examples.classCounts).toEqual([190, 10]);
  const draw = createBalancedDraw(examples);
  const indices = draw(2000, 3);
  const rare = [...indices].filter((index) => examples.classOf(index) === 1);
  expect(rare.length).toBeGreaterThan(900);
  expect(rare.length).toBeLessThan(1100);
  expect(new Set(rare).size).toBe(10);
  expect(draw(2000, 3)).toEqual(indices);
  expect(draw(2000, 4)).not.toEqual(indices);
});
