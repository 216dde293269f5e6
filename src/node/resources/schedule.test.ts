import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Week } from '#contract/manners.ts';
import { zonedTime } from '#testing/zoned-time.ts';
import { systemLocalTime } from './local-time.ts';
import { allowedAt, nextChange } from './schedule.ts';

const hour = 3_600_000;
const always = '1'.repeat(48);
const never = '0'.repeat(48);
const at = (iso: string) => new Date(iso).getTime();
/** Allowed in these half hours of each day. */
const daily = (from: number, to: number): Week =>
  Array.from({ length: 7 }, () =>
    Array.from({ length: 48 }, (_, half) => (half >= from && half < to ? '1' : '0')).join(''),
  );
const berlin = zonedTime('Europe/Berlin');

test('a night across midnight is two days’ hours', () => {
  const week = daily(0, 12).map((day, index) => (index === 0 ? `${day.slice(0, 44)}1111` : day));
  // Monday 22:00 to Tuesday 06:00, local.
  expect(allowedAt(week, at('2026-01-05T22:00:00+01:00'), berlin)).toBe(true);
  expect(nextChange(week, at('2026-01-05T22:00:00+01:00'), berlin)).toBe(at('2026-01-06T06:00:00+01:00'));
  expect(nextChange(week, at('2026-01-05T12:10:00+01:00'), berlin)).toBe(at('2026-01-05T22:00:00+01:00'));
});

test('a week without any hours never begins, a full one never ends', () => {
  expect(nextChange(Array(7).fill(never), at('2026-01-05T00:00:00Z'), berlin)).toBeNull();
  expect(nextChange(Array(7).fill(always), at('2026-01-05T00:00:00Z'), berlin)).toBeNull();
});

test('a half hour that the clocks skip does not come that day; one that occurs twice is allowed twice', () => {
  // Berlin, 29 March 2026: 02:00 becomes 03:00. 25 October 2026: 03:00 becomes 02:00.
  const skipped = daily(4, 5);
  expect(nextChange(skipped, at('2026-03-29T00:00:00+01:00'), berlin)).toBe(at('2026-03-30T02:00:00+02:00'));
  const twice = daily(4, 6);
  const first = at('2026-10-25T02:00:00+02:00');
  expect(nextChange(twice, first - hour, berlin)).toBe(first);
  expect(nextChange(twice, first, berlin)).toBe(first + 2 * hour);
  const firstHalf = daily(4, 5);
  expect(nextChange(firstHalf, first, berlin)).toBe(first + hour / 2);
  expect(nextChange(firstHalf, first + hour / 2, berlin)).toBe(first + hour);
  expect(allowedAt(firstHalf, first + hour, berlin)).toBe(true);
});

test('an only half hour that falls into the skipped one comes a week later', () => {
  const sunday = Array.from({ length: 7 }, (_, day) =>
    day === 6 ? `${'0'.repeat(4)}1${'0'.repeat(43)}` : never,
  );
  expect(nextChange(sunday, at('2026-03-23T12:00:00Z'), berlin)).toBe(at('2026-04-05T02:00:00+02:00'));
});

test('the system’s own clock on the wall and its zone’s table say the same', () => {
  const here = zonedTime(Intl.DateTimeFormat().resolvedOptions().timeZone);
  for (let instant = at('2026-01-01T00:07:00Z'); instant < at('2027-01-01T00:00:00Z'); instant += 61 * 60_000)
    expect(systemLocalTime.halfHourAt(instant)).toEqual(here.halfHourAt(instant));
  const middle = at('2026-07-15T12:00:00Z');
  expect(systemLocalTime.nextMonth(middle)).toBe(here.nextMonth(middle));
});

const zones = [
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Chatham',
  'Africa/Casablanca',
  'UTC',
];
/** Instants around which some zone's clocks change, and any others of two years. */
const changes = [
  '2026-03-08T07:00:00Z',
  '2026-03-29T01:00:00Z',
  '2026-04-04T15:00:00Z',
  '2026-10-03T15:30:00Z',
  '2026-10-25T01:00:00Z',
  '2026-11-01T06:00:00Z',
  '2026-02-15T02:00:00Z',
].map(at);
const instants = fc.oneof(
  fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -26 * hour, max: 26 * hour }))
    .map(([a, b]) => a + b),
  fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2028-01-01T00:00:00Z') }),
);
/** Weeks with long runs, as people draw them, and wild ones. */
const weeks = fc.oneof(
  fc.array(fc.stringMatching(/^[01]{48}$/), { minLength: 7, maxLength: 7 }),
  fc
    .array(fc.tuple(fc.nat(47), fc.nat(48)), { minLength: 7, maxLength: 7 })
    .map((days) => days.map(([from, length]) => daily(from, from + length)[0] as string)),
  fc.array(fc.constantFrom(always, never), { minLength: 7, maxLength: 7 }),
);

test('the next change is the first minute at which what is allowed is another, in any week, zone and year', () => {
  fc.assert(
    fc.property(weeks, fc.constantFrom(...zones), instants, (week, zone, instant) => {
      const local = zonedTime(zone);
      const next = nextChange(week, instant, local);
      const now = allowedAt(week, instant, local);
      const minute = 60_000;
      if (next === null) {
        expect(new Set(week.join('')).size).toBe(1);
        return;
      }
      expect(next).toBeGreaterThan(instant);
      expect(allowedAt(week, next, local)).toBe(!now);
      // The last minutes before it, and steps of seven minutes all the way.
      for (let before = next - minute; before > Math.max(instant, next - 45 * minute); before -= minute)
        expect(allowedAt(week, before, local)).toBe(now);
      for (let before = instant; before < next; before += 7 * minute)
        expect(allowedAt(week, before, local)).toBe(now);
    }),
    { numRuns: 300 },
  );
});
