import { isUtf8 } from 'node:buffer';
import type { DataFormat } from '#contract/federated/task.ts';
import type { BuildContext, BuiltSource, Fill, Layout } from './example-source.ts';
import { exampleWidth } from './example-source.ts';
import { createClassOf } from './labels.ts';
import { collectProblems, type Problems } from './problems.ts';
import { eachRecord, type ScanRecord } from './record-stream.ts';
import { addClipped, createScaling } from './scaling.ts';
import { createTokenPack } from './token-pack.ts';
import { tokenIds } from './tokens.ts';

/** A file of rows, as CSV and JSON lines are, and what stands in the row that was loaded last. */
export interface RowReader {
  scan: ScanRecord;
  /** Where the first row starts in the file. */
  from: number;
  layout: Layout;
  /** Takes a record. Empty: no row, as a header is none; broken: it has a problem, which is told. */
  load(bytes: Buffer, from: number, to: number, row: number, problems: Problems): 'row' | 'empty' | 'broken';
  label(): string | null;
  /** Fills in the row's numbers; false: one is no number, or there are more or fewer, which is told. */
  numbers(into: Float64Array, row: number, problems: Problems): boolean;
  text(): string | null;
  /** As a person sees the row. */
  cells(): string[];
}

/** Goes through a file of rows and puts each usable one into the index. */
export async function buildRows(
  path: string,
  reader: RowReader,
  context: BuildContext,
): Promise<BuiltSource> {
  const { format, index, problems, signal } = context;
  const classOf = createClassOf(format.labels ?? []);
  const input = new Float32Array(exampleWidth(format));
  const raw = new Float64Array(input.length);
  const scale = format.kind === 'text' ? null : createScaling(format);
  const tokens = format.kind === 'text' && !format.labels ? createTokenPack(context, format) : null;
  let rows = 0;

  function classOfRow(row: number): number | null {
    if (!format.labels) return -1;
    const label = reader.label();
    if (label === null || label.trim() === '') problems.add('no-label', { row });
    else {
      const found = classOf(label);
      if (found !== -1) return found;
      problems.add('unknown-label', { row, value: label });
    }
    return null;
  }

  function fillText(row: number, classIndex: number): boolean {
    if (format.kind !== 'text') return false;
    const text = reader.text();
    const ids =
      text === null ? null : tokens ? tokens.add(text, classIndex) : tokenIds(text, format, format.length);
    if (ids === null || ids === false || (ids !== true && ids.length === 0))
      problems.add('empty-text', { row });
    else if (ids !== true) {
      input.fill(0);
      input.set(ids);
      return true;
    }
    return false;
  }

  try {
    await eachRecord(path, {
      from: reader.from,
      scan: reader.scan,
      signal,
      tooLarge(row) {
        rows += 1;
        problems.add('field-too-large', { row });
      },
      visit({ bytes, from, to, offset, row }) {
        const loaded = reader.load(bytes, from, to, row, problems);
        if (loaded === 'empty') return;
        rows += 1;
        if (loaded === 'broken') return;
        if ((format.kind === 'text' || format.labels) && !isUtf8(bytes.subarray(from, to)))
          return problems.add('encoding', { row });
        const classIndex = classOfRow(row);
        if (classIndex === null) return;
        if (scale) {
          if (!reader.numbers(raw, row, problems)) return;
          addClipped(problems, row, scale(raw, input));
        } else if (!fillText(row, classIndex)) return;
        index.add(offset, to - from, classIndex, input);
      },
    });
    return tokens ? tokens.finish(rows) : { file: path, layout: reader.layout, rows };
  } finally {
    tokens?.discard();
  }
}

/** Reads a row of the index again. */
export function createRowFill(reader: RowReader, format: DataFormat): Fill {
  const problems = collectProblems();
  if (format.kind === 'text')
    return (bytes, from, to, into) => {
      reader.load(bytes, from, to, 0, problems);
      into.fill(0);
      into.set(tokenIds(reader.text() ?? '', format, into.length));
    };
  const raw = new Float64Array(exampleWidth(format));
  const scale = createScaling(format);
  return (bytes, from, to, into) => {
    reader.load(bytes, from, to, 0, problems);
    reader.numbers(raw, 0, problems);
    scale(raw, into);
  };
}
