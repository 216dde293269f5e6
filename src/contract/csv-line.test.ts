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
