import { expect, test } from 'vitest';
import { visibleRange } from './visible-range.ts';

test('at the top, only what the viewport shows and the spare rows below are drawn', () => {
  expect(visibleRange(0, 400, 40, 10_000)).toEqual({ first: 0, end: 16 });
});

test('in the middle, spare rows stand on both sides', () => {
  expect(visibleRange(40 * 100, 400, 40, 10_000)).toEqual({ first: 94, end: 116 });
});

test('a list that shrank under the scroll position shows its last rows, never none', () => {
  expect(visibleRange(40 * 9000, 400, 40, 20)).toEqual({ first: 4, end: 20 });
  expect(visibleRange(500, 400, 40, 3)).toEqual({ first: 0, end: 3 });
});
