import { parseDecimal } from '../../lib/decimal.ts';

export type PauseUnit = 'minutes' | 'hours';

const mostMinutes = 10_080;

/** Whole minutes of a pause, from one minute to a week; null for any other text. */
export function pauseMinutes(text: string, unit: PauseUnit): number | null {
  const hundredths = parseDecimal(text.replace(',', '.'), 2);
  if (hundredths === null) return null;
  const minutes = Math.round((hundredths * (unit === 'hours' ? 60 : 1)) / 100);
  return minutes >= 1 && minutes <= mostMinutes ? minutes : null;
}
