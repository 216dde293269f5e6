import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { newEntry } from '#testing/ledger-entries.ts';
import { systemClock } from '../clock.ts';
import { openLedger } from './ledger.ts';

const gatewayUrl = 'http://127.0.0.1:1';
const open = (file: string) => openLedger(file, { clock: systemClock });

test('disputed work is written off once, for good, and stays disputed', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'write-offs-')), 'node.db');
  const ledger = open(file);
  ledger.append(newEntry('r1', 100n, { payer: 'p', network: 'localnet', gatewayUrl }));
  ledger.append(newEntry('r2', 100n, { payer: 'p', network: 'devnet', gatewayUrl }));
  const payer = { gatewayUrl, money: 'localnet', payer: 'p' };
  const refused = expect.objectContaining({ code: 'payer/not-disputed' });
  expect(() => ledger.writeOff(payer, 1n)).toThrow(refused);
  const no = (id: string) => ({
    request_id: id,
    verdict: 'disputed' as const,
    reason: 'no',
    owed_lamports: '0',
    fee_lamports: '0',
  });
  ledger.takeAnswer(gatewayUrl, { verdicts: [no('r1'), no('r2')], channel: null });
  for (const amount of [0n, -1n, 96n]) expect(() => ledger.writeOff(payer, amount)).toThrow(refused);
  expect(() => ledger.writeOff({ ...payer, payer: 'nobody' }, 1n)).toThrow(refused);
  let told = 0;
  ledger.changes.subscribe(() => told++);
  const before = told;
  ledger.writeOff(payer, 95n);
  expect(told).toBe(before + 1);
  expect(() => ledger.writeOff(payer, 95n)).toThrow(refused);
  expect(ledger.moneySums('localnet')).toMatchObject({ disputedLamports: '95', differenceLamports: '0' });
  ledger.close();
  const again = open(file);
  expect(again.payer(gatewayUrl, 'localnet', 'p')).toMatchObject({ disputed: 95n, writtenOff: 95n });
  expect(again.payer(gatewayUrl, 'devnet', 'p')).toMatchObject({ disputed: 95n, writtenOff: 0n });
  again.close();
  const raw = new Database(file);
  expect(() => raw.exec('UPDATE write_offs SET amount = 1')).toThrow('append-only');
  expect(() => raw.exec('DELETE FROM write_offs')).toThrow('append-only');
  expect(() => raw.exec('INSERT INTO write_offs (at, payer_id, amount) VALUES (1, 1, 1)')).toThrow('more is');
  raw.close();
});
