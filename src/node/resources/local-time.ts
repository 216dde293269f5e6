/** The clock on the wall, as schedules and calendar months need it. */
export interface LocalTime {
  /** Day from Monday (0–6) and half hour of that day (0–47). */
  halfHourAt(instant: number): { day: number; halfHour: number };
  /** The first instant of the calendar month after this one. */
  nextMonth(instant: number): number;
}

/** By the time zone that the system is set to. */
export const systemLocalTime: LocalTime = {
  halfHourAt(instant) {
    const date = new Date(instant);
    return {
      day: (date.getDay() + 6) % 7,
      halfHour: date.getHours() * 2 + (date.getMinutes() < 30 ? 0 : 1),
    };
  },
  nextMonth(instant) {
    const date = new Date(instant);
    return new Date(date.getFullYear(), date.getMonth() + 1, 1).getTime();
  },
};
