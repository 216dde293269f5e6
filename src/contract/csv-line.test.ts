import { expect, test } from 'vitest';
import { csvLine } from './csv-line.ts';

test('a line is as RFC 4180 has it, and numbers stay numbers', () => {
  expect(csvLine(['a', 1, null, '-0.5', 'x "y", z'])).toBe('a,1,,-0.5,"x ""y"", z"\r\n');
});

test('no cell runs as a formula, whichever sign a spreadsheet takes to part cells', () => {
  for (const start of ['=', '+', '-', '@', '\uff1d', '\t=', ' ="', '"='])
    expect(csvLine([`${start}cmd()`])).toMatch(/^"?'/);
  // A spreadsheet of a country with decimal commas parts at semicolons, and knows no quotes in the middle of a cell.
  for (const parted of [';', '\t', ',', '\n', '\r'])
    for (const quote of ['', '"', ' '])
      for (const cell of csvLine(['model', `x${parted}${quote}=cmd|' /C calc'!A0`]).split(/[,;\t\r\n]/))
        expect(cell).not.toMatch(/^["\s]*[=+\-@]/);
});

test('what only begins like a number, or with a wide sign, is made text wherever it stands', () => {
  for (const cell of ['-1+cmd()', '+1', '-', '-1.', '-1e5', '--1', '- 1'])
    expect(csvLine([cell])).toBe(`'${cell}\r\n`);
  for (const number of ['-1', '-0.5', '12', '0']) expect(csvLine([number])).toBe(`${number}\r\n`);
  for (const sign of '=+-@\uff0b\uff0d\uff1d\uff20') {
    expect(csvLine([`${sign}1+1`])).toBe(`'${sign}1+1\r\n`);
    expect(csvLine([`a;${sign}b;${sign}c`])).toBe(`"a;'${sign}b;'${sign}c"\r\n`);
  }
});

test('a cell with any sign that ends or parts cells is quoted', () => {
  for (const sign of [',', ';', '\t', '\r', '\n']) expect(csvLine([`a${sign}b`])).toBe(`"a${sign}b"\r\n`);
  expect(csvLine(['a"b"'])).toBe('"a""b"""\r\n');
});
