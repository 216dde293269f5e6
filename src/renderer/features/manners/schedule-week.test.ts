import fc from 'fast-check';
import { expect, test } from 'vitest';
import { weekSchema } from '#contract/manners.ts';
import {
  type Cell,
  cellAfter,
  cellAt,
  dayGroups,
  halfHoursToChange,
  isAllowed,
  isWithin,
  painted,
  presetOf,
  presets,
  storedWeek,
  withDayCopied,
} from './schedule-week.ts';

const cell = (day: number, slot: number): Cell => ({ day, slot });
const anyCell = fc.record({ day: fc.integer({ min: 0, max: 6 }), slot: fc.integer({ min: 0, max: 47 }) });
const anyWeek = fc.array(
  fc.array(fc.constantFrom('0', '1'), { minLength: 48, maxLength: 48 }).map((day) => day.join('')),
  { minLength: 7, maxLength: 7 },
);
const every = Array.from({ length: 7 * 48 }, (_, n) => cell(Math.floor(n / 48), n % 48));

test('a stroke paints its rectangle, whichever corner it began at, and nothing else', () => {
  fc.assert(
    fc.property(anyWeek, anyCell, anyCell, fc.boolean(), (week, a, b, allow) => {
      const next = painted(week, a, b, allow);
      expect(weekSchema.parse(next)).toEqual(painted(week, b, a, allow));
      for (const one of every)
        expect(isAllowed(next, one)).toBe(isWithin(one, a, b) ? allow : isAllowed(week, one));
    }),
  );
});

test('a week with every hour is stored as none, and any other as it is', () => {
  const hole = painted(presets.always, cell(2, 10), cell(2, 10), false);
  expect(storedWeek(hole)).toEqual(hole);
  expect(storedWeek(painted(hole, cell(2, 0), cell(2, 47), true))).toBeNull();
  expect(presetOf(hole)).toBeNull();
});

test('the presets are what they are called', () => {
  const { nights, nightsAndWeekends } = presets;
  expect(presetOf(nights)).toBe('nights');
  expect([isAllowed(nights, cell(0, 13)), isAllowed(nights, cell(0, 14))]).toEqual([true, false]);
  expect([isAllowed(nights, cell(6, 43)), isAllowed(nights, cell(6, 44))]).toEqual([false, true]);
  expect(isAllowed(nightsAndWeekends, cell(4, 24))).toBe(false);
  expect(isAllowed(nightsAndWeekends, cell(5, 24))).toBe(true);
});

test('a day is copied to the others that were named', () => {
  const week = withDayCopied(presets.nightsAndWeekends, 5, [0, 1]);
  expect(week.slice(0, 3)).toEqual([presets.always[0], presets.always[0], presets.nights[0]]);
});

test('keys lead to the neighbour, to the ends of the day and the week, and never out of it', () => {
  expect(cellAfter(cell(0, 0), 'ArrowRight')).toEqual(cell(0, 1));
  expect(cellAfter(cell(3, 9), 'End')).toEqual(cell(3, 47));
  expect(cellAfter(cell(3, 9), 'PageDown')).toEqual(cell(6, 9));
  expect(cellAfter(cell(3, 9), 'a')).toBeNull();
  fc.assert(
    fc.property(anyCell, fc.constantFrom('ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'), (from, key) => {
      const to = cellAfter(from, key);
      expect(every).toContainEqual(to);
    }),
  );
});

test('days with the same hours are told together', () => {
  expect(dayGroups(presets.nightsAndWeekends)).toEqual([
    {
      first: 0,
      last: 4,
      spans: [
        { fromSlot: 0, toSlot: 14 },
        { fromSlot: 44, toSlot: 48 },
      ],
    },
    { first: 5, last: 6, spans: [{ fromSlot: 0, toSlot: 48 }] },
  ]);
});

test('the next change is found over midnight and over the end of the week', () => {
  expect(halfHoursToChange(presets.always, cell(0, 0))).toBeNull();
  expect(halfHoursToChange(presets.nights, cell(0, 46))).toBe(2 + 14);
  expect(halfHoursToChange(presets.nightsAndWeekends, cell(6, 46))).toBe(2 + 14);
});

test('an instant lies in its half hour of local time; the week begins on Monday', () => {
  expect(cellAt(new Date(2026, 10, 23, 0, 0).getTime())).toEqual(cell(0, 0));
  expect(cellAt(new Date(2026, 10, 29, 23, 59).getTime())).toEqual(cell(6, 47));
});
