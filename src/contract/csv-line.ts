/** Before a sign that begins a formula: a cell's start, or what some spreadsheet takes for one, though it is within quotes. */
const formulaStart = /(^|[,;\t\r\n])(?=["\s]*[=+\-@\uff0b\uff0d\uff1d\uff20])/g;
const number = /^-?\d+(\.\d+)?$/;

/** A line of CSV (RFC 4180). What a spreadsheet would run as a formula is made text; a number is none. */
export const csvLine = (cells: readonly (string | number | null)[]): string =>
  `${cells.map((cell) => cellText(cell === null ? '' : `${cell}`)).join(',')}\r\n`;

function cellText(value: string): string {
  const text = number.test(value) ? value : value.replaceAll(formulaStart, "$1'");
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
