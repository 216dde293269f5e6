import { expect, test } from 'vitest';
import { type PlacedColumn, placed, shownColumns } from './placed.ts';

const columns = (labelAt: number): PlacedColumn[] =>
  placed(
    Array.from({ length: 6 }, (_, index) => ({
      name: 'value',
      role: index + 1 === labelAt ? ('label' as const) : ('number' as const),
      type: 'number' as const,
      empty: 0,
      min: 0,
      max: 1,
    })),
  );

test('however many columns there are, the label is shown among the first', () => {
  const places = (labelAt: number) => shownColumns(columns(labelAt), 4).map(({ place }) => place);
  expect(places(6)).toEqual([1, 2, 3, 6]);
  expect(places(2)).toEqual([1, 2, 3, 4]);
  expect(shownColumns(columns(1), 10)).toHaveLength(6);
});
