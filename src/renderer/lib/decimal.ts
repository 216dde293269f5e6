/**
 * Reads a decimal such as `12.5` to an integer of `10^-digits` units, without floats in between; null for any other text,
 * for more digits than there are, and for what is too large to be exact.
 */
export function parseDecimal(text: string, digits: number): number | null {
  const match = /^(\d*)(?:\.(\d*))?$/.exec(text.trim());
  const [, whole = '', fraction = ''] = match ?? [];
  if (!match || whole + fraction === '' || fraction.length > digits) return null;
  const value = Number(whole + fraction.padEnd(digits, '0'));
  return Number.isSafeInteger(value) ? value : null;
}

/** Inverse of parseDecimal, as short as it can be: 12500000 with six digits is `12.5`. */
export function decimalText(value: number, digits: number): string {
  const padded = String(value).padStart(digits + 1, '0');
  const fraction = padded.slice(-digits).replace(/0+$/, '');
  const whole = padded.slice(0, -digits);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** Dollars in a field, in micro-dollars; null for what is no amount. */
export const parseDollars = (text: string): number | null => parseDecimal(text, 6);

export const dollarText = (microUsd: number): string => decimalText(microUsd, 6);
