import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bookTables, openBooks, proxiedJobs } from './books.ts';
import { openDatabase } from './database.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gateway-db-'));
  file = join(dir, 'gateway.db');
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a gateway’s books of before there were rounds are read on, and what they owe stays', () => {
  const old = new Database(file);
  old.exec(bookTables + proxiedJobs);
  old.pragma('user_version = 2');
  old.exec(
    `INSERT INTO jobs VALUES ('r1', 0, 'n', 'p', 'm', 'i', 'o', 1, 2, 1000, 0, 100, 0, 0, 1000, 50, 'done', NULL)`,
  );
  old.close();
  const database = openDatabase(file);
  const books = openBooks(database);
  expect(books.job('r1')).toMatchObject({ priceLamports: 1000n, owedLamports: 950n, training: null });
  expect(books.account('n')).toMatchObject({ jobs: 1, owed_lamports: '950' });
  database.close();
});

test('what rounds have written is only ever added to', () => {
  const database = openDatabase(file);
  database.exec(`INSERT INTO round_stages VALUES ('r', 'update', 1, NULL)`);
  expect(() => database.exec(`UPDATE round_stages SET at = 2`)).toThrow('append-only');
  expect(() => database.exec('DELETE FROM round_stages')).toThrow('append-only');
  database.close();
});

test('a newer gateway’s database is left alone', () => {
  const database = new Database(file);
  database.pragma('user_version = 99');
  database.close();
  expect(() => openDatabase(file)).toThrow('from a newer gateway');
});
