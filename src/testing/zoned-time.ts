import type { LocalTime } from '#node/resources/local-time.ts';

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** The clock on the wall of any time zone, by the system's own tables. */
export function zonedTime(timeZone: string): LocalTime {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const read = (instant: number) =>
    Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const monthOf = (instant: number) => `${read(instant).year}-${read(instant).month}`;
  return {
    halfHourAt(instant) {
      const { weekday, hour, minute } = read(instant);
      return {
        day: weekdays.indexOf(weekday ?? ''),
        halfHour: Number(hour) * 2 + (Number(minute) < 30 ? 0 : 1),
      };
    },
    nextMonth(instant) {
      const month = monthOf(instant);
      let at = (Math.floor(instant / 900_000) + 1) * 900_000;
      while (monthOf(at) === month) at += 900_000;
      return at;
    },
  };
}
