import { isUtf8 } from 'node:buffer';
import type { DataShape } from '#contract/training-data.ts';
import { countCell, createColumnSurvey, createCounts, shownColumn } from './column-survey.ts';
import { type CsvSource, findDialect } from './csv-dialect.ts';
import { createCsvReader } from './csv-source.ts';
import { createJsonLinesReader, type JsonLinesSource } from './json-lines-source.ts';
import { countLabels } from './label-counts.ts';
import { type Problems, shortened } from './problems.ts';
import { eachRecord } from './record-stream.ts';
import type { RowReader } from './row-source.ts';
import type { Surveyed } from './survey.ts';

const shownRows = 10;
const mostShownCells = 100;
/** Types and ranges of columns are those of the first rows, up to so many values; classes are counted in all. */
const mostLookedAt = 1_000_000;

interface SurveyContext {
  sizeBytes: number;
  problems: Problems;
  signal: AbortSignal | undefined;
}

export async function surveyCsv(source: CsvSource, context: SurveyContext): Promise<Surveyed> {
  const dialect = findDialect(source.path, source);
  const columns = createColumnSurvey(dialect);
  const { rows, ...found } = await surveyRows(source.path, createCsvReader(dialect), context, (reader) => {
    columns.add(reader.cells());
    return dialect.names.length;
  });
  // A single column is the text, and no label.
  const labels = dialect.names.length > 1 ? found.labels : { classes: [], moreClasses: false };
  return {
    facts: { shape: columns.shape(), rows, sizeBytes: context.sizeBytes, ...labels },
    columns: columns.list(),
    columnRows: found.columnRows,
    firstRows: found.firstRows,
    dialect: { delimiter: dialect.delimiter, header: dialect.header },
  };
}

export async function surveyJsonLines(source: JsonLinesSource, context: SurveyContext): Promise<Surveyed> {
  const [text, label, features] = [createCounts(), createCounts(), createCounts()];
  const widths = new Set<number>();
  const reader = createJsonLinesReader(source);
  const { rows, columnRows, firstRows, labels } = await surveyRows(source.path, reader, context, () => {
    const found = reader.features();
    if (found) {
      if (widths.size < 2) widths.add(found.length);
      for (const value of found) countCell(features, String(value ?? ''));
    }
    const words = reader.text();
    if (words !== null) countCell(text, words);
    countCell(label, reader.label() ?? '');
    return 2 + (found?.length ?? 0);
  });
  const [width = 0] = widths.size === 1 ? widths : [];
  const hasText = text.numbers + text.others > 0;
  const shape: DataShape = { kind: 'rows', numbers: width, text: hasText };
  return {
    facts: { shape, rows, sizeBytes: context.sizeBytes, ...labels },
    columns: [
      ...(hasText ? [shownColumn(source.text, 'text', text)] : []),
      ...(widths.size > 0 ? [shownColumn(source.features, 'number', features)] : []),
      shownColumn(source.label, 'label', label),
    ],
    columnRows,
    firstRows,
    dialect: null,
  };
}

/** Goes through all rows; the first of them are looked at closely, which gives the number of values that were. */
async function surveyRows(
  path: string,
  reader: RowReader,
  { problems, signal }: SurveyContext,
  look: (reader: RowReader) => number,
) {
  const labels = countLabels();
  const firstRows: string[][] = [];
  let rows = 0;
  let columnRows = 0;
  let lookedAt = 0;
  await eachRecord(path, {
    from: reader.from,
    scan: reader.scan,
    signal,
    tooLarge(row) {
      rows += 1;
      problems.add('field-too-large', { row });
    },
    visit({ bytes, from, to, row }) {
      const loaded = reader.load(bytes, from, to, row, problems);
      if (loaded === 'empty') return;
      rows += 1;
      if (loaded === 'broken') return;
      if (!isUtf8(bytes.subarray(from, to))) return problems.add('encoding', { row });
      if (firstRows.length < shownRows)
        firstRows.push(reader.cells().slice(0, mostShownCells).map(shortened));
      if (lookedAt < mostLookedAt) {
        lookedAt += look(reader);
        columnRows += 1;
      }
      labels.add(reader.label() ?? '');
    },
  });
  return { rows, columnRows, firstRows, labels: labels.list() };
}
