import type { DataPreview, DataShape } from '#contract/training-data.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { parseNumber, whyNoNumber } from './parse-number.ts';

type ShownColumn = DataPreview['columns'][number];

interface Counts {
  numbers: number;
  others: number;
  empty: number;
  min: number;
  max: number;
}

export const createCounts = (): Counts => ({
  numbers: 0,
  others: 0,
  empty: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
});

export function countCell(counts: Counts, cell: string): void {
  const bytes = Buffer.from(cell.slice(0, 400));
  const value = parseNumber(bytes, 0, bytes.length);
  if (Number.isFinite(value)) {
    counts.numbers += 1;
    counts.min = Math.min(counts.min, value);
    counts.max = Math.max(counts.max, value);
  } else if (whyNoNumber(cell.slice(0, 400)) === 'missing-value') counts.empty += 1;
  else counts.others += 1;
}

export function shownColumn(name: string, role: ShownColumn['role'], counts: Counts): ShownColumn {
  const { numbers, others, empty, min, max } = counts;
  const type = numbers === 0 ? (others === 0 ? 'empty' : 'text') : others === 0 ? 'number' : 'mixed';
  return { name, role, type, empty, min: numbers ? min : null, max: numbers ? max : null };
}

/** Types and ranges of a CSV file's columns, from the rows it is given. */
export function createColumnSurvey({ names, label, text, leftOut }: CsvDialect) {
  const counts = names.map(createCounts);
  const list = (): ShownColumn[] => {
    const isText = text !== -1 && (counts[text]?.others ?? 0) > 0;
    return names.map((name, index) => {
      const role =
        index === label && names.length > 1
          ? 'label'
          : leftOut.includes(index)
            ? 'left-out'
            : isText && index === text
              ? 'text'
              : 'number';
      return shownColumn(name, role, counts[index] ?? createCounts());
    });
  };
  return {
    add(cells: string[]): void {
      for (const [index, cell] of cells.entries()) {
        const found = counts[index];
        if (found) countCell(found, cell);
      }
    },
    list,
    shape(): DataShape {
      const learnt = list().filter(({ role }) => role === 'number' || role === 'text');
      const areNumbers = learnt.every(({ type }) => type === 'number' || type === 'mixed');
      return {
        kind: 'rows',
        numbers: areNumbers ? learnt.length : 0,
        text: learnt.some(({ role }) => role === 'text'),
      };
    },
  };
}
