import type { DataPreview } from '#contract/training-data.ts';

/** Things with their places, counted from 1: what is known by its place, as columns are whose names may repeat. */
export const placed = <T extends object>(items: readonly T[]): (T & { place: number })[] =>
  items.map((item, index) => ({ ...item, place: index + 1 }));

export type PlacedColumn = DataPreview['columns'][number] & { place: number };

/** The first `most` columns in their order; the label is always among them. */
export function shownColumns(columns: readonly PlacedColumn[], most: number): PlacedColumn[] {
  const first = columns.slice(0, most);
  const label = columns.find(({ role }) => role === 'label');
  return label && label.place > most ? [...first.slice(0, most - 1), label] : first;
}
