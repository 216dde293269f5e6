import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCsvFields, fieldText, isEmptyLine, mostFieldBytes, scanCsvRecord } from './csv.ts';
import { findDialect } from './csv-dialect.ts';
import { parseNumber, whyNoNumber } from './parse-number.ts';
import { eachRecord } from './record-stream.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'csv-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Records of bytes that come whole. */
function parse(bytes: Buffer, delimiter = ','): (string[] | string)[] {
  const fields = createCsvFields();
  const rows: (string[] | string)[] = [];
  for (let at = 0; at < bytes.length; ) {
    at = scanCsvRecord(bytes, at, bytes.length, true, delimiter.charCodeAt(0), fields);
    if (isEmptyLine(fields)) continue;
    rows.push(
      fields.broken ?? Array.from({ length: fields.count }, (_, index) => fieldText(bytes, fields, index)),
    );
  }
  return rows;
}

/** Records of a file that is read in pieces. */
async function parseFile(
  path: string,
  delimiter = ',',
): Promise<{ cells: string[]; offset: number; length: number }[]> {
  const fields = createCsvFields();
  const rows: { cells: string[]; offset: number; length: number }[] = [];
  await eachRecord(path, {
    from: 0,
    scan: (bytes, from, to, isLast) =>
      scanCsvRecord(bytes, from, to, isLast, delimiter.charCodeAt(0), fields),
    tooLarge: () => {},
    visit({ bytes, from, to, offset }) {
      if (isEmptyLine(fields)) return;
      const cells = Array.from({ length: fields.count }, (_, index) => fieldText(bytes, fields, index));
      rows.push({ cells, offset, length: to - from });
    },
  });
  return rows;
}

const cell = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('"', ',', ';', '\n', '\r', 'a', ' ', 'é', '\t', '|'), maxLength: 8 }),
);
const tables = fc
  .integer({ min: 1, max: 6 })
  .chain((columns) =>
    fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { maxLength: 12 }),
  );

const written = (rows: string[][], delimiter: string, lineEnd: string, quotesAll: boolean) =>
  rows
    .map((row) =>
      row
        .map((value) =>
          quotesAll || row.length === 1 || /["\r\n]/.test(value) || value.includes(delimiter)
            ? `"${value.replaceAll('"', '""')}"`
            : value,
        )
        .join(delimiter),
    )
    .join(lineEnd);

test('any table that is written as CSV is read back as it was', () => {
  fc.assert(
    fc.property(
      tables,
      fc.constantFrom(',', ';', '\t', '|'),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.boolean(),
      fc.boolean(),
      (rows, delimiter, lineEnd, quotesAll, endsWithLine) => {
        const text = written(rows, delimiter, lineEnd, quotesAll) + (endsWithLine ? lineEnd : '');
        const whole = rows.map((row) => row.map((value) => Buffer.from(value).toString()));
        expect(parse(Buffer.from(text), delimiter)).toEqual(whole);
      },
    ),
    { numRuns: 500 },
  );
});

test('where a piece of the file ends changes nothing', () => {
  const bytes = Buffer.from('a,"b\n""c""",d\r\n"",x,\r\n1,2,"3"\n');
  const whole = parse(bytes);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const fields = createCsvFields();
    const rows: string[][] = [];
    for (let at = 0, to = cut; at < bytes.length; ) {
      const next = scanCsvRecord(bytes, at, to, to === bytes.length, 0x2c, fields);
      if (next === -1) {
        to = bytes.length;
        continue;
      }
      rows.push(Array.from({ length: fields.count }, (_, index) => fieldText(bytes, fields, index)));
      at = next;
      if (at === to) to = bytes.length;
    }
    expect(rows).toEqual(whole);
  }
});

test('a file of several megabytes has each record at its offset', async () => {
  const path = join(folder, 'large.csv');
  const rows = Array.from({ length: 30_000 }, (_, row) => [
    `${row}`,
    `word "${row}"\nline, two ${'x'.repeat(row % 200)}`,
    'é',
  ]);
  const bytes = Buffer.from(written(rows, ',', '\r\n', false));
  writeFileSync(path, bytes);
  const found = await parseFile(path);
  expect(found.map(({ cells }) => cells)).toEqual(rows);
  for (const { cells, offset, length } of found.slice(29_990))
    expect(parse(bytes.subarray(offset, offset + length))).toEqual([cells]);
});

test('quotes that do not close cost their own line and no other', () => {
  expect(parse(Buffer.from('1,a\n"2,b\n3,c\n'))).toEqual([['1', 'a'], 'bad-quotes', ['3', 'c']]);
  expect(parse(Buffer.from('1,a\n"2" inch,b\n3,c'))).toEqual([['1', 'a'], 'bad-quotes', ['3', 'c']]);
  expect(parse(Buffer.from('1,5" disk\n2,b'))).toEqual([
    ['1', '5" disk'],
    ['2', 'b'],
  ]);
});

test('a field of more than a megabyte is refused, in quotes or not, and the next row is read', () => {
  const huge = 'x'.repeat(mostFieldBytes + 1);
  expect(parse(Buffer.from(`1,${huge}\n2,b`))).toEqual(['field-too-large', ['2', 'b']]);
  expect(parse(Buffer.from(`1,"${huge}"\n2,b`))).toEqual(['field-too-large', ['2', 'b']]);
});

test('a record of many megabytes is passed over and what follows is read', async () => {
  const path = join(folder, 'record.csv');
  writeFileSync(path, `1,a\n${'y,'.repeat(6_000_000)}\n2,b\n`);
  expect((await parseFile(path)).map(({ cells }) => cells)).toEqual([
    ['1', 'a'],
    ['2', 'b'],
  ]);
});

test('a number is what JavaScript reads of the same decimal digits', () => {
  const read = (text: string) => parseNumber(Buffer.from(text), 0, Buffer.byteLength(text));
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
      Object.is(read(`${value}`), Number(`${value}`)),
    ),
    {
      numRuns: 2000,
    },
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[+-]?\d{0,18}\.?\d{0,18}$/), (text) => {
      const expected = /\d/.test(text) ? Number(text) : Number.NaN;
      expect(read(text)).toBe(expected);
    }),
    { numRuns: 2000 },
  );
  for (const text of ['', '-', '.', '1e', '0x10', '1_000', '1,5', '--1', '1 2', 'Infinity', 'NaN', 'e5'])
    expect(read(text), text).toBeNaN();
  expect(read('  -12.50\t')).toBe(-12.5);
  expect(read('1e999')).toBe(Number.POSITIVE_INFINITY);
});

test('what is no number is said to be missing, not finite, or no number', () => {
  for (const text of ['', ' ', 'NA', 'n/a', 'null', '?']) expect(whyNoNumber(text)).toBe('missing-value');
  for (const text of ['nan', 'NaN', '-inf', 'Infinity', '1e999'])
    expect(whyNoNumber(text)).toBe('not-finite');
  for (const text of ['abc', '1,5', '12px']) expect(whyNoNumber(text)).toBe('not-a-number');
});

test.each([
  ['sepal,petal,species\n1,2,a\n3,4,b\n', {}, { delimiter: ',', header: true, label: 2 }],
  ['1;2,5;a\n3;4,5;b\n', {}, { delimiter: ';', header: false, label: 2 }],
  [
    '\uFEFFlabel\ttext\nspam\tbuy, now\nham\thello\n',
    {},
    { delimiter: '\t', header: true, label: 0, text: 1, from: 3 },
  ],
  ['5.1,3.5,setosa\n4.9,3.0,setosa\n', {}, { delimiter: ',', header: false, label: 2 }],
  ['kind,a,b\nx,1,2\ny,3,4\n', { label: 'kind' }, { header: true, label: 0 }],
  ['x,1,2\ny,3,4\n', { label: 1 }, { header: false, label: 0 }],
  ['id,a,y\n1,2,p\n2,3,q\n', { leftOut: ['id'] }, { header: true, label: 2, leftOut: [0] }],
  ['only one column of text\nand another line\n', {}, { delimiter: ',', header: false, text: 0 }],
])('finds how a file is written: %j', (content, options, expected) => {
  const path = join(folder, 'dialect.csv');
  writeFileSync(path, content);
  expect(findDialect(path, { kind: 'csv', path, ...options })).toMatchObject(expected);
});

test.each([
  ['an empty file', '', {}, 'empty'],
  ['UTF-16', Buffer.from('\uFEFFa,b\n', 'utf16le'), {}, 'encoding'],
  ['a column that is not there', 'a,b\n1,2\n', { label: 'c' }, 'no-column'],
])('refuses %s', (_what, content, options, reason) => {
  const path = join(folder, 'refused.csv');
  writeFileSync(path, content);
  expect(() => findDialect(path, { kind: 'csv', path, ...options })).toThrow(
    expect.objectContaining({ code: 'training/data-unusable', data: expect.objectContaining({ reason }) }),
  );
});
