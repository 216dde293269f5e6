/** Powers of ten that a double holds exactly. */
const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * The decimal number that stands in bytes [from, to), spaces around it allowed; NaN for anything else, ±Infinity where it is too large.
 * Up to 15 digits and 10^±22 one multiplication or division is exact (Clinger 1990); the rest takes the slow way.
 */
export function parseNumber(bytes: Buffer, from: number, to: number): number {
  let start = from;
  let end = to;
  while (start < end && isSpace(bytes[start])) start += 1;
  while (end > start && isSpace(bytes[end - 1])) end -= 1;
  let at = start;
  const sign = bytes[at];
  if (sign === 0x2d || sign === 0x2b) at += 1;
  let mantissa = 0;
  let digits = 0;
  let decimals = 0;
  let hasPoint = false;
  for (; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= 0x30 && byte <= 0x39) {
      mantissa = mantissa * 10 + byte - 0x30;
      digits += 1;
      if (hasPoint) decimals += 1;
    } else if (byte === 0x2e && !hasPoint) hasPoint = true;
    else return slowly(bytes, start, end);
  }
  if (digits === 0) return Number.NaN;
  if (digits > 15) return slowly(bytes, start, end);
  const value = decimals === 0 ? mantissa : mantissa / (powers[decimals] as number);
  return sign === 0x2d ? -value : value;
}

function slowly(bytes: Buffer, start: number, end: number): number {
  if (end - start > 400) return Number.NaN;
  const text = bytes.toString('latin1', start, end);
  return decimal.test(text) ? Number(text) : Number.NaN;
}

const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x09;

/** Why a text is no number that can be learnt from. */
export function whyNoNumber(text: string): 'missing-value' | 'not-finite' | 'not-a-number' {
  const word = text.trim().toLowerCase();
  if (['', 'na', 'n/a', 'null', 'none', '?', '-'].includes(word)) return 'missing-value';
  if (/^[+-]?(nan|inf|infinity|∞)$/.test(word) || decimal.test(word)) return 'not-finite';
  return 'not-a-number';
}
