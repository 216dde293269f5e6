import type { TFunction } from 'i18next';
import type { DataFacts, DataProblem } from '#contract/training-data.ts';
import { formatBytes } from '../../lib/format.ts';

/** What a source holds: “5,572 texts with classes · 478 kB”. */
export function factsText({ shape, rows, sizeBytes }: DataFacts, t: TFunction): string {
  const values = { count: rows, rows: rows.toLocaleString('en') };
  const what = (key: string, more = {}) => t(`training.data.shape.${key}`, { ...values, ...more });
  // What is made on this computer has no size before it is used.
  const size = sizeBytes === 0 ? '' : ` · ${formatBytes(sizeBytes)}`;
  switch (shape.kind) {
    case 'rows':
      return shape.numbers === 0
        ? what('rows') + size
        : `${what('rows')}, ${what('numbers', { count: shape.numbers })}${size}`;
    case 'texts':
      return what(shape.classes ? 'texts' : 'plainTexts') + size;
    case 'images':
      return what('images') + size;
    case 'pixels':
      return what('pixels', { width: shape.width, height: shape.height }) + size;
  }
}

/** Where a problem was met first: “rows 3, 17 and 240”, “row 5, column price: n/a”, “cats/12.txt”. */
export function placesText({ examples, count }: DataProblem, t: TFunction): string {
  const places = examples.map(({ row, file, column, value }) =>
    [
      row === undefined ? undefined : t('training.data.row', { row: row.toLocaleString('en') }),
      file,
      column === undefined ? undefined : t('training.data.column', { column }),
      value === undefined ? undefined : `“${value}”`,
    ]
      .filter((part) => part !== undefined)
      .join(', '),
  );
  const text = places.filter((place) => place !== '').join('; ');
  return text !== '' && count > examples.length ? `${text} …` : text;
}
