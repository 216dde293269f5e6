import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { calls } from '#contract/calls.ts';
import { mostEnergyDays } from '#contract/resources.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { openDatabase } from './database.ts';
import { roundedMicroUsd } from './energy.ts';
import { openLedger } from './ledger.ts';
import { entries } from './migrations/001-entries.ts';
import { spend } from './migrations/002-spend.ts';
import { trained } from './migrations/003-trained.ts';
import { energy } from './migrations/004-energy.ts';

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

test('days of ten years ago are asked for and known, those of before their sums too, as each was measured', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ledger-')), 'node.db');
  const time = createFakeClock(new Date(2036, 0, 10, 12).getTime());
  const at = (year: number, day: number, hour: number) => new Date(year, 0, day, hour).getTime();
  const old = openDatabase(file, [entries, spend, trained, energy]);
  for (const [instant, isMeasured] of [
    [at(2026, 3, 0), 1],
    [at(2026, 3, 23), 0],
    [at(2026, 4, 1), 1],
  ])
    old.exec(
      `INSERT INTO energy (at, milliwatt_hours, cost_pico_usd, is_measured) VALUES (${instant}, 500, 0, ${isMeasured})`,
    );
  old.close();
  const ledger = openLedger(file, { clock: time.clock });
  const row = { milliwattHours: 250, microUsdPerKwh: 300_000, isMeasured: false };
  ledger.energy.append({ ...row, at: at(2036, 10, 11) });
  ledger.energy.append({ ...row, at: at(2036, 10, 12), isMeasured: true });
  const { days } = calls['resources.energy'].input.parse({ days: mostEnergyDays });
  const asked = new Date(2036, 0, 10 - days + 1).getTime();
  const first = { day: '2026-01-03', wattHours: 1, costMicroUsd: 0, isMeasured: false };
  const second = { day: '2026-01-04', wattHours: 0.5, costMicroUsd: 0, isMeasured: true };
  const last = { day: '2036-01-10', wattHours: 0.5, costMicroUsd: 150, isMeasured: false };
  expect(ledger.energy.days(asked)).toEqual([first, second, last]);
  expect(ledger.energy.days(at(2026, 4, 0))).toEqual([second, last]);
  ledger.close();
});
