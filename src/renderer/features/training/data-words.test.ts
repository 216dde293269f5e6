import type { TFunction } from 'i18next';
import { expect, test } from 'vitest';
import type { DataFacts, DataProblem } from '#contract/training-data.ts';
import { factsText, placesText } from './data-words.ts';

/** Key and figures, as they would be put into words. */
const t = ((key: string, values?: { count?: number; row?: string; column?: string }) =>
  `${key.split('.').at(-1)} ${values?.row ?? values?.column ?? values?.count}`) as unknown as TFunction;

const facts = (shape: DataFacts['shape'], rows = 5572): DataFacts => ({
  shape,
  rows,
  sizeBytes: 478_000,
  classes: [],
  moreClasses: false,
});

test('a source is told by what it holds, how much of it, and its size', () => {
  expect(factsText(facts({ kind: 'texts', classes: true }), t)).toBe('texts 5572 · 478 kB');
  expect(factsText(facts({ kind: 'rows', numbers: 64, text: false }), t)).toBe(
    'rows 5572, numbers 64 · 478 kB',
  );
  expect(factsText(facts({ kind: 'rows', numbers: 0, text: true }), t)).toBe('rows 5572 · 478 kB');
});

test('a problem names the first rows and files that have it, and says when there are more', () => {
  const problem = (count: number, examples: DataProblem['examples']): DataProblem => ({
    code: 'not-a-number',
    leavesOut: true,
    count,
    examples,
  });
  expect(placesText(problem(1, [{ row: 5, column: 'price', value: 'n/a' }]), t)).toBe(
    'row 5, column price, “n/a”',
  );
  expect(placesText(problem(9, [{ row: 5 }, { file: 'cats/12.txt' }]), t)).toBe('row 5; cats/12.txt …');
  expect(placesText(problem(3, []), t)).toBe('');
});
