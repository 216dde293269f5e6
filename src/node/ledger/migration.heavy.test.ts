import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeOldLedger } from '#testing/old-ledger.ts';
import { systemClock } from '../clock.ts';
import { openLedger } from './ledger.ts';

/** More than one stretch, and the last one is not full. */
const count = 50_500;
let dir: string;
let old: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'migration-'));
  old = join(dir, 'old.db');
  writeOldLedger(old, count);
});
afterAll(() => rmSync(dir, { recursive: true }));

function copy(name: string): string {
  const file = join(dir, name);
  copyFileSync(old, file);
  return file;
}

/** Opens a ledger in a process of its own that kills itself when an upgrade has come so far. */
function dieAt(file: string, progress: number): NodeJS.Signals | null {
  const code = `
    const { openLedger } = await import(${JSON.stringify(new URL('./ledger.ts', import.meta.url).href)});
    const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
    openLedger(${JSON.stringify(file)}, { clock, onUpgrade(at) { if (at >= ${progress}) process.kill(process.pid, 'SIGKILL'); } });`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'inherit' }).signal;
}

/** All that is kept as running sums. */
function sumsOf(file: string): Record<string, unknown[]> {
  const database = new Database(file, { readonly: true });
  const tables = [
    'payers',
    'open_entries',
    'kinds',
    'quarter_sums',
    'day_sums',
    'whole_sums',
    'provider_sums',
  ];
  const rows = tables.map((table) => [table, database.prepare(`SELECT * FROM ${table}`).all()]);
  rows.push(['entries', database.prepare('SELECT id, kind_id FROM entries').all()]);
  database.close();
  return Object.fromEntries(rows);
}

test('an old ledger of many entries is brought up to date with the sums of its entries, and says how far it is', () => {
  const file = copy('whole.db');
  const told: number[] = [];
  const ledger = openLedger(file, { clock: systemClock, onUpgrade: (progress) => told.push(progress) });
  expect(told[0]).toBe(0);
  expect(told.at(-1)).toBe(1);
  expect(told).toEqual(told.toSorted((one, other) => one - other));
  expect(told.length).toBeGreaterThan(10);

  const raw = new Database(file, { readonly: true });
  const sum = (what: string, where = '1') =>
    BigInt(
      raw
        .prepare(
          `SELECT COALESCE(SUM(${what}), 0) FROM entries e LEFT JOIN verdicts v ON v.entry_id = e.id
           LEFT JOIN proxied p ON p.entry_id = e.id WHERE ${where}`,
        )
        .pluck()
        .get() as number,
    );
  const net = 'price_lamports - fee_lamports';
  expect(ledger.totals()).toMatchObject({
    jobs: count,
    grossLamports: sum('price_lamports'),
    netLamports: sum(net),
  });
  expect(ledger.netByState()).toMatchObject({
    agreed: sum(net, "verdict = 'agreed'"),
    disputed: sum(net, "verdict = 'disputed'"),
    earned: sum(net, 'verdict IS NULL AND seq IS NOT NULL'),
    unattributed: sum(net, 'seq IS NULL'),
  });
  expect(ledger.providerTotals().map(({ provider, netLamports }) => [provider, netLamports])).toEqual([
    ['anthropic', sum(net, "target LIKE 'anthropic/%' AND is_cache_hit = 0")],
    ['cache', sum(net, 'is_cache_hit = 1')],
    ['openai', sum(net, "target LIKE 'openai/%' AND is_cache_hit = 0")],
  ]);
  expect(ledger.payers().reduce((total, { earned }) => total + earned, 0n)).toBe(
    sum(net, 'verdict IS NULL AND seq IS NOT NULL'),
  );
  expect(ledger.moneySums('localnet').differenceLamports).toBe('0');
  raw.close();
  ledger.close();
});

test('a process that is killed at any point of it loses nothing, and the next one ends it', () => {
  const file = copy('killed.db');
  for (const progress of [0, 0.15, 0.35, 0.6, 0.75, 0.95]) {
    expect(dieAt(file, progress), `at ${progress}`).toBe('SIGKILL');
    const raw = new Database(file, { readonly: true });
    expect(raw.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(raw.prepare('SELECT COUNT(*) FROM entries').pluck().get()).toBe(count);
    raw.close();
  }
  openLedger(file, { clock: systemClock }).close();
  const whole = copy('unharmed.db');
  openLedger(whole, { clock: systemClock }).close();
  expect(sumsOf(file)).toEqual(sumsOf(whole));
});
