/** Hottest and coldest a part that still answers can be, in °C; a sensor that is absent or asleep says 0 or less. */
const temperature = { least: 1, most: 130 };
const mostWatts = 3000;
/** A fan may turn a little faster than what it was rated for. */
const mostFanPercent = 130;
const mostMemoryBytes = 2 ** 44;

/** A number in its plain notation, within its bounds; anything else is unknown. */
export function figure(cell: string | null | undefined, least: number, most: number): number | null {
  const text = cell?.trim() ?? '';
  return /^-?\d{1,20}(\.\d{1,12})?$/.test(text) ? within(Number(text), least, most) : null;
}

export const within = (value: number | null | undefined, least: number, most: number): number | null =>
  typeof value === 'number' && value >= least && value <= most ? value : null;

export const temperatureC = (value: number | null | undefined) =>
  within(value, temperature.least, temperature.most);
export const watts = (value: number | null | undefined) => within(value, 0, mostWatts);
export const memoryBytes = (value: number | null | undefined) => within(value, 0, mostMemoryBytes);
export const loadOf = (percent: number | null | undefined) => {
  const value = within(percent, 0, 100);
  return value === null ? null : value / 100;
};
export const fanPercent = (value: number | null | undefined) => {
  const percent = within(value, 0, mostFanPercent);
  return percent === null ? null : Math.min(100, percent);
};

/** Used memory cannot be more than there is. */
export const usedOf = (used: number | null | undefined, totalBytes: number) => within(used, 0, totalBytes);

/** Any number in plain notation. */
export const plain = (cell: string | null | undefined): number | null =>
  figure(cell, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

/** The number times a unit; unknown stays unknown. */
export const times = (value: number | null, unit: number): number | null =>
  value === null ? null : value * unit;
