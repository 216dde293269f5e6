import { type CsvFields, createCsvFields, fieldText, isEmptyLine, scanCsvRecord } from './csv.ts';
import type { CsvDialect } from './csv-dialect.ts';
import type { Layout } from './example-source.ts';
import { parseNumber, whyNoNumber } from './parse-number.ts';
import type { Problems } from './problems.ts';
import type { RowReader } from './row-source.ts';

/** Columns of numbers: all but the label and those left out. */
export const numberColumns = ({ names, label, leftOut }: CsvDialect): number[] =>
  names.map((_, index) => index).filter((index) => index !== label && !leftOut.includes(index));

/** Reads a CSV file's rows. */
export function createCsvReader(dialect: CsvDialect): RowReader {
  const { names, label, text, from, header } = dialect;
  const delimiter = dialect.delimiter.charCodeAt(0);
  const columns = Int32Array.from(numberColumns(dialect));
  const fields: CsvFields = createCsvFields();
  let loaded: Buffer = Buffer.alloc(0);
  /** Where in it the record starts that `fields` are of. */
  let scanned = -1;
  let headers = header ? 1 : 0;

  function scan(bytes: Buffer, start: number, end: number, isLast: boolean): number {
    const next = scanCsvRecord(bytes, start, end, isLast, delimiter, fields);
    scanned = next === -1 ? -1 : start;
    loaded = bytes;
    return next;
  }

  function load(
    bytes: Buffer,
    start: number,
    end: number,
    row: number,
    problems: Problems,
  ): 'row' | 'empty' | 'broken' {
    // A row that was just scanned is not scanned again; at another time the same place may hold another one.
    if (scanned !== start || loaded !== bytes) scan(bytes, start, end, true);
    scanned = -1;
    if (isEmptyLine(fields) && names.length > 1) return 'empty';
    if (headers > 0 && row > 0) {
      headers -= 1;
      return 'empty';
    }
    if (fields.broken) problems.add(fields.broken, { row });
    else if (fields.count !== names.length)
      problems.add('columns', { row, value: `${fields.count} ≠ ${names.length}` });
    else return 'row';
    return 'broken';
  }

  return {
    scan,
    from,
    layout: { ...dialect } as Layout,
    load,
    label: () => fieldText(loaded, fields, label),
    text: () => (text === -1 ? null : fieldText(loaded, fields, text)),
    cells: () => Array.from({ length: fields.count }, (_, index) => fieldText(loaded, fields, index)),
    numbers(into, row, problems) {
      if (columns.length !== into.length) {
        problems.add('columns', { row, value: `${columns.length} ≠ ${into.length}` });
        return false;
      }
      for (let index = 0; index < columns.length; index += 1) {
        const column = columns[index] as number;
        const value = parseNumber(loaded, fields.starts[column] as number, fields.ends[column] as number);
        if (Number.isFinite(value)) {
          into[index] = value;
          continue;
        }
        const cell = fieldText(loaded, fields, column);
        const why =
          value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
            ? 'not-finite'
            : whyNoNumber(cell);
        problems.add(why, { row, column: names[column] ?? '', value: cell });
        return false;
      }
      return true;
    },
  };
}
