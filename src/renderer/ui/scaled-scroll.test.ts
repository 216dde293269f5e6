import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeOf, type ScrollPlace, scrolled } from './scaled-scroll.ts';

const size = { totalPx: 40_000_000, heightPx: 8_000_000, viewportPx: 400 };
const top = ({ scrollTop, offsetPx }: ScrollPlace) => scrollTop + offsetPx;

test('a turn of the wheel moves a million rows by as much as ten', () => {
  const before = placeOf(20_000_000, size);
  for (const turn of [-3000, 100, 1200])
    expect(top(scrolled(before, before.scrollTop + turn, size)) - top(before)).toBeCloseTo(turn);
});

test('the scrollbar’s ends are the first and the last row, however one came there', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 39_999_600 }), (from) => {
      const before = placeOf(from, size);
      expect(top(before)).toBeCloseTo(from, 3);
      expect(top(scrolled(before, 0, size))).toBe(0);
      expect(top(scrolled(before, size.heightPx - size.viewportPx, size))).toBe(39_999_600);
    }),
  );
});

test('a pull of the scrollbar goes as far down the rows as down the box', () => {
  const half = scrolled({ scrollTop: 0, offsetPx: 0 }, (8_000_000 - 400) / 2, size);
  expect(top(half)).toBeCloseTo(39_999_600 / 2);
});

test('few rows scroll as they are', () => {
  const few = { totalPx: 4000, heightPx: 4000, viewportPx: 400 };
  expect(scrolled({ scrollTop: 0, offsetPx: 0 }, 1234, few)).toEqual({ scrollTop: 1234, offsetPx: 0 });
  expect(placeOf(1234, few)).toEqual({ scrollTop: 1234, offsetPx: 0 });
});
