import { expect, test } from 'vitest';
import { stacked } from './chart-plot.ts';

test('stacked series add up, the whole is drawn first, and a gap adds nothing', () => {
  expect(
    stacked([
      [1, 2, null],
      [10, null, 30],
    ]),
  ).toEqual([
    [11, 2, 30],
    [1, 2, 0],
  ]);
});
