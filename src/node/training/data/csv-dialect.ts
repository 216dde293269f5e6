import { closeSync, openSync, readSync } from 'node:fs';
import { AppError } from '#contract/errors.ts';
import { type Column, type DataSource, delimiters } from '#contract/training-data.ts';
import { createCsvFields, fieldText, isEmptyLine, scanCsvRecord } from './csv.ts';
import { fileError } from './file-error.ts';
import { parseNumber } from './parse-number.ts';

export type CsvSource = Extract<DataSource, { kind: 'csv' }>;

/** The first row must lie whole in it. */
const sampleBytes = 1 << 23;
const sampleRows = 100;
const sampleCells = 200_000;
const labelNames = /^(label|class|category|target|species)$/i;
const textNames = /^(text|message|content|body|sentence|review|comment)$/i;

/** How a CSV file is read; columns are counted from 0. */
export interface CsvDialect {
  delimiter: (typeof delimiters)[number];
  header: boolean;
  /** Of the header, or “column 3”. */
  names: string[];
  label: number;
  /** −1: there is none but the label. */
  text: number;
  leftOut: number[];
  /** A byte order mark at the start has 3 bytes. */
  from: number;
}

/**
 * Finds delimiter, header and columns in a file's first rows, where the source does not name them. Throws `training/data-not-found`,
 * `training/data-unusable` where the file is empty, is UTF-16 or lacks a column that was named.
 */
export function findDialect(path: string, source: CsvSource): CsvDialect {
  const { bytes, isWhole } = readStart(path);
  const from = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw unusable(path, 'encoding', `${path} is UTF-16. Save it as UTF-8.`);
  const rowsBy = (delimiter: string) => sampleOf(bytes, from, isWhole, delimiter.charCodeAt(0));
  const delimiter = source.delimiter ?? likelyDelimiter(rowsBy);
  const rows = rowsBy(delimiter);
  const first = rows[0];
  if (!first) throw unusable(path, 'empty', `${path} is empty.`);
  const header = source.header ?? hasHeader(rows, source);
  const names = first.map((cell, index) => (header && cell.trim()) || `column ${index + 1}`);
  const find = (column: Column) => columnAt(names, column, path);
  const label = source.label === undefined ? defaultLabel(names, header) : find(source.label);
  const leftOut = (source.leftOut ?? []).map(find);
  const text = source.text === undefined ? defaultText(names, label, leftOut) : find(source.text);
  return { delimiter, header, names, label, text, leftOut, from };
}

function readStart(path: string): { bytes: Buffer; isWhole: boolean } {
  const bytes = Buffer.allocUnsafe(sampleBytes);
  try {
    const fd = openSync(path, 'r');
    try {
      const read = readSync(fd, bytes, 0, sampleBytes, 0);
      return { bytes: bytes.subarray(0, read), isWhole: read < sampleBytes };
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    throw fileError(thrown, path);
  }
}

function sampleOf(bytes: Buffer, from: number, isWhole: boolean, delimiter: number): string[][] {
  const fields = createCsvFields();
  const rows: string[][] = [];
  let cells = 0;
  for (let at = from; at < bytes.length && rows.length < sampleRows && cells < sampleCells; ) {
    at = scanCsvRecord(bytes, at, bytes.length, isWhole, delimiter, fields);
    if (at === -1) break;
    cells += fields.count;
    if (!isEmptyLine(fields))
      rows.push(Array.from({ length: fields.count }, (_, index) => fieldText(bytes, fields, index)));
  }
  return rows;
}

/** The one that gives most rows the same number of columns, and more than one; a comma where none does. */
function likelyDelimiter(rowsBy: (delimiter: string) => string[][]): CsvDialect['delimiter'] {
  let best: { delimiter: CsvDialect['delimiter']; same: number; columns: number } | null = null;
  for (const delimiter of delimiters) {
    const rows = rowsBy(delimiter);
    const columns = rows[0]?.length ?? 0;
    if (columns < 2) continue;
    const same = rows.filter(({ length }) => length === columns).length / rows.length;
    if (!best || same > best.same || (same === best.same && columns > best.columns))
      best = { delimiter, same, columns };
  }
  return best?.delimiter ?? ',';
}

/** The first row names columns where a name was asked for or is a usual one, or where it has words above columns of numbers. */
function hasHeader(rows: string[][], source: CsvSource): boolean {
  const [first = [], ...rest] = rows;
  const asked = [source.label, source.text, ...(source.leftOut ?? [])].filter(
    (column) => typeof column === 'string',
  );
  if (asked.length > 0) return true;
  if (first.some((cell) => labelNames.test(cell.trim())) && !first.some(isNumber)) return true;
  const second = rest.slice(0, 20);
  return (
    second.length > 0 &&
    first.some(
      (cell, index) =>
        cell.trim() !== '' && !isNumber(cell) && second.every((row) => isNumber(row[index] ?? '')),
    )
  );
}

const isNumber = (cell: string) => {
  const bytes = Buffer.from(cell);
  return Number.isFinite(parseNumber(bytes, 0, bytes.length));
};

/** The last column, unless the first row says that another is the label. */
function defaultLabel(names: string[], header: boolean): number {
  const named = header ? names.findIndex((name) => labelNames.test(name)) : -1;
  return named === -1 ? names.length - 1 : named;
}

function defaultText(names: string[], label: number, leftOut: number[]): number {
  const named = names.findIndex((name, index) => textNames.test(name) && index !== label);
  if (named !== -1) return named;
  const other = names.findIndex((_, index) => index !== label && !leftOut.includes(index));
  return other === -1 && names.length === 1 ? 0 : other;
}

function columnAt(names: string[], column: Column, path: string): number {
  const index = typeof column === 'number' ? column - 1 : names.indexOf(column);
  if (index >= 0 && index < names.length) return index;
  throw unusable(path, 'no-column', `${path} has no column “${column}”.`);
}

const unusable = (path: string, reason: string, sentence: string) =>
  new AppError('training/data-unusable', sentence, { data: { path, reason } });
