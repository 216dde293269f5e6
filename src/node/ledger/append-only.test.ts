import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { openLedger } from './ledger.ts';

/** Running sums, what sums are by, and how far the chain was read. */
const changing = [
  ...['channel_sums', 'cursors', 'day_sums', 'energy_days', 'kinds', 'open_entries', 'payers'],
  ...['provider_sums', 'quarter_sums', 'whole_sums'],
];
const values: Record<string, string> = { INTEGER: '1', TEXT: "'text'", BLOB: "x'00'" };

test('a row of any other table is neither changed nor deleted, by whatever program', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ledger-')), 'node.db');
  openLedger(file, { clock: systemClock }).close();
  const raw = new Database(file);
  const names = (type: string) =>
    raw.prepare('SELECT name FROM sqlite_schema WHERE type = ? ORDER BY name').pluck().all(type) as string[];
  // A row that only has to be there: no rule of what it may hold, and no sum of it.
  raw.pragma('foreign_keys = OFF');
  raw.pragma('ignore_check_constraints = ON');
  for (const trigger of names('trigger'))
    if (!/_(stays?|remains?)$/.test(trigger)) raw.exec(`DROP TRIGGER ${trigger}`);
  const tables = names('table').filter((table) => !table.startsWith('sqlite_') && !changing.includes(table));
  expect(tables).toEqual([
    ...['channels', 'claims', 'energy', 'entries', 'payment_states', 'payments', 'positions', 'proxied'],
    ...[
      'refused_vouchers',
      'settlements',
      'spend',
      'tokens',
      'trained',
      'verdicts',
      'vouchers',
      'write_offs',
    ],
  ]);
  for (const table of tables) {
    const columns = raw.pragma(`table_info(${table})`) as { name: string; type: string }[];
    const row = columns.map(({ type }) => values[type] ?? 'NULL');
    raw.exec(`INSERT INTO ${table} (${columns.map(({ name }) => name)}) VALUES (${row})`);
    for (const { name } of columns)
      expect(() => raw.exec(`UPDATE ${table} SET ${name} = ${name}`), `${table}.${name}`).toThrow(
        /append-only/,
      );
    expect(() => raw.exec(`DELETE FROM ${table}`), table).toThrow(/append-only/);
  }
  raw.close();
});
