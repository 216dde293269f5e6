import type { Week } from '#contract/manners.ts';

export const halfHours = 48;
export interface Cell {
  /** 0 is Monday. */
  day: number;
  /** Half hour of the day, 0–47. */
  slot: number;
}

const evenDay = (allow: (slot: number) => boolean) =>
  Array.from({ length: halfHours }, (_, slot) => (allow(slot) ? '1' : '0')).join('');
const week = (allow: (slot: number, day: number) => boolean): Week =>
  Array.from({ length: 7 }, (_, day) => evenDay((slot) => allow(slot, day)));

const isNight = (slot: number) => slot < 14 || slot >= 44;
/** Nights are from 22:00 to 7:00. */
export const presets = {
  always: week(() => true),
  nights: week(isNight),
  nightsAndWeekends: week((slot, day) => day >= 5 || isNight(slot)),
  never: week(() => false),
} as const;
export type Preset = keyof typeof presets;
export const presetNames = Object.keys(presets) as Preset[];

export const isSameWeek = (a: Week, b: Week): boolean => a.join() === b.join();
export const presetOf = (of: Week): Preset | null =>
  presetNames.find((name) => isSameWeek(presets[name], of)) ?? null;

/** What is stored: null where all is allowed. */
export const storedWeek = (of: Week): Week | null => (isSameWeek(of, presets.always) ? null : of);

export const isAllowed = (of: Week, { day, slot }: Cell): boolean => of[day]?.[slot] === '1';

const between = (value: number, a: number, b: number) => value >= Math.min(a, b) && value <= Math.max(a, b);
/** Whether a cell lies in the rectangle that two corners span. */
export const isWithin = (cell: Cell, a: Cell, b: Cell): boolean =>
  between(cell.day, a.day, b.day) && between(cell.slot, a.slot, b.slot);

/** The week with the rectangle between two corners allowed or not; the rest stays. */
export const painted = (of: Week, a: Cell, b: Cell, allow: boolean): Week =>
  week((slot, day) => (isWithin({ day, slot }, a, b) ? allow : isAllowed(of, { day, slot })));

export const withDayCopied = (of: Week, from: number, to: readonly number[]): Week =>
  of.map((day, index) => (to.includes(index) ? (of[from] ?? day) : day));

/** The half hour that an instant lies in, in local time. */
export function cellAt(at: number): Cell {
  const date = new Date(at);
  return {
    day: (date.getDay() + 6) % 7,
    slot: date.getHours() * 2 + Math.floor(date.getMinutes() / 30),
  };
}

/** Where an arrow, Home, End or Page key leads from a cell; null for other keys. */
export function cellAfter({ day, slot }: Cell, key: string): Cell | null {
  const at = (nextDay: number, nextSlot: number): Cell => ({
    day: Math.max(0, Math.min(6, nextDay)),
    slot: Math.max(0, Math.min(halfHours - 1, nextSlot)),
  });
  switch (key) {
    case 'ArrowLeft':
      return at(day, slot - 1);
    case 'ArrowRight':
      return at(day, slot + 1);
    case 'ArrowUp':
      return at(day - 1, slot);
    case 'ArrowDown':
      return at(day + 1, slot);
    case 'Home':
      return at(day, 0);
    case 'End':
      return at(day, halfHours - 1);
    case 'PageUp':
      return at(0, slot);
    case 'PageDown':
      return at(6, slot);
    default:
      return null;
  }
}

export interface Span {
  fromSlot: number;
  /** One past the last. */
  toSlot: number;
}

/** The allowed spans of one day. */
export function spansOf(day: string): Span[] {
  return [...day.matchAll(/1+/g)].map(({ index, 0: run }) => ({
    fromSlot: index,
    toSlot: index + run.length,
  }));
}

/** Days that follow each other with the same hours, as one. */
export function dayGroups(of: Week): { first: number; last: number; spans: Span[] }[] {
  const groups: { first: number; last: number; day: string }[] = [];
  of.forEach((day, index) => {
    const open = groups.at(-1);
    if (open?.day === day) open.last = index;
    else groups.push({ first: index, last: index, day });
  });
  return groups.map(({ first, last, day }) => ({ first, last, spans: spansOf(day) }));
}

/** How many half hours lie between a cell and the next one that is otherwise; null when the whole week is alike. */
export function halfHoursToChange(of: Week, cell: Cell): number | null {
  const line = of.join('');
  const start = cell.day * halfHours + cell.slot;
  for (let ahead = 1; ahead < line.length; ahead += 1)
    if (line[(start + ahead) % line.length] !== line[start]) return ahead;
  return null;
}
