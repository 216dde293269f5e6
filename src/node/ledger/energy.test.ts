import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { openDatabase } from './database.ts';
import { roundedMicroUsd } from './energy.ts';
import { openLedger } from './ledger.ts';
import { entries } from './migrations/001-entries.ts';
import { spend } from './migrations/002-spend.ts';
import { trained } from './migrations/003-trained.ts';

test('a ledger from before electricity gets its table, and rows are never changed', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ledger-')), 'node.db');
  const time = createFakeClock();
  openDatabase(file, [entries, spend, trained]).close();
  const ledger = openLedger(file, { clock: time.clock });
  ledger.energy.append({ at: time.clock.now(), milliwattHours: 7, microUsdPerKwh: -3, isMeasured: false });
  expect(ledger.energy.costSince(0)).toBe(-21n);
  ledger.close();
  const raw = new Database(file);
  expect(() => raw.exec('UPDATE energy SET milliwatt_hours = 1')).toThrow(/append-only/);
  expect(() => raw.exec('DELETE FROM energy')).toThrow(/append-only/);
  expect(() =>
    raw.exec('INSERT INTO energy (at, milliwatt_hours, cost_pico_usd, is_measured) VALUES (1, 5, 9, 1)'),
  ).toThrow(/CHECK/);
  raw.close();
});

test('halves are rounded away from zero, in both directions', () => {
  expect([1_499_999n, 1_500_000n, -1_499_999n, -1_500_000n, -400_000n].map(roundedMicroUsd)).toEqual([
    1, 2, -1, -2, 0,
  ]);
});
