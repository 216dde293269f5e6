import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newEntry } from '#testing/ledger-entries.ts';
import { systemClock } from '../clock.ts';
import { forecast } from './forecast.ts';
import { type NewEntry, openLedger } from './ledger.ts';

const freshFile = () => join(mkdtempSync(join(tmpdir(), 'ledger-')), 'node.db');
const open = (file: string) => openLedger(file, { clock: systemClock });
const gatewayUrl = 'http://127.0.0.1:1';

const entry = (requestId: string, price: bigint, signs = true): NewEntry =>
  newEntry(requestId, price, { signs, payer: '=cmd()', gatewayUrl });

const verdict = (requestId: string, accepted: boolean) => ({
  request_id: requestId,
  verdict: accepted ? ('accepted' as const) : ('disputed' as const),
  owed_lamports: '1',
  fee_lamports: '0',
});

test('sums always add up, whatever comes in whatever order, twice, and after a restart', () => {
  const step = fc.oneof(
    fc.record({
      act: fc.constant('book' as const),
      id: fc.nat(30),
      price: fc.bigInt({ min: 0n, max: 10n ** 16n }),
      signs: fc.boolean(),
    }),
    fc.record({ act: fc.constant('verdict' as const), id: fc.nat(30), accepted: fc.boolean() }),
    fc.record({ act: fc.constant('restart' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const file = freshFile();
      let ledger = open(file);
      const expected = new Map<string, { net: bigint; state: string }>();
      for (const action of steps) {
        if (action.act === 'restart') {
          ledger.close();
          ledger = open(file);
          continue;
        }
        const id = `r${action.id}`;
        const known = expected.get(id);
        if (action.act === 'book') {
          ledger.append(entry(id, action.price, action.signs));
          if (!known)
            expected.set(id, {
              net: action.price - (action.price * 5n) / 100n,
              state: action.signs ? 'earned' : 'unattributed',
            });
        } else {
          const before = known?.state === 'unattributed' ? undefined : known;
          if (before || !known) ledger.appendVerdict(gatewayUrl, verdict(id, action.accepted));
          if (before?.state === 'earned') before.state = action.accepted ? 'agreed' : 'disputed';
        }
      }
      const byState = ledger.netByState();
      for (const state of ['earned', 'agreed', 'disputed', 'unattributed'] as const) {
        const sum = [...expected.values()]
          .filter((item) => item.state === state)
          .reduce((total, { net }) => total + net, 0n);
        expect(byState[state]).toBe(sum);
      }
      const { jobs, grossLamports, feeLamports, netLamports } = ledger.totals();
      expect(jobs).toBe(expected.size);
      expect(grossLamports - feeLamports).toBe(netLamports);
      expect(Object.values(byState).reduce((total, net) => total + net, 0n)).toBe(netLamports);
      ledger.close();
    }),
    { numRuns: 40 },
  );
});

test('receipts are numbered without a gap, also after a restart, and wait until they are answered', () => {
  const file = freshFile();
  const first = open(file);
  first.append(entry('a', 100n));
  first.append(entry('plain', 100n, false));
  first.close();
  const ledger = open(file);
  ledger.append(entry('b', 100n));
  ledger.append(entry('b', 999n));
  expect(
    ledger.unanswered(gatewayUrl, 10).map(({ receipt: { seq, request_id } }) => [seq, request_id]),
  ).toEqual([
    [1, 'a'],
    [2, 'b'],
  ]);
  ledger.appendVerdict(gatewayUrl, verdict('a', true));
  ledger.appendVerdict(gatewayUrl, verdict('a', false));
  expect(ledger.unanswered(gatewayUrl, 10)).toHaveLength(1);
  expect(ledger.entries({ limit: 10 }).entries.map(({ requestId, state }) => [requestId, state])).toEqual([
    ['b', 'earned'],
    ['plain', 'unattributed'],
    ['a', 'agreed'],
  ]);
  expect(ledger.entries({ limit: 1, filter: { state: 'agreed' } })).toMatchObject({
    total: 1,
    entries: [{ netLamports: '95' }],
  });
  expect(ledger.entry(1)?.receipt?.receipt.seq).toBe(1);
  expect(ledger.entry(99)).toBeNull();
});

test('nothing in the file can be changed or deleted', () => {
  const file = freshFile();
  const ledger = open(file);
  ledger.append(entry('a', 100n));
  ledger.appendVerdict(gatewayUrl, verdict('a', true));
  ledger.close();
  const raw = new Database(file);
  for (const sql of [
    'UPDATE entries SET price_lamports = 1',
    'DELETE FROM entries',
    'UPDATE verdicts SET owed_lamports = 9',
    'DELETE FROM verdicts',
  ])
    expect(() => raw.exec(sql)).toThrow(/append-only/);
});

test('a ledger of a newer version, or a file that is none, is left as it is', () => {
  const newer = freshFile();
  open(newer).close();
  const raw = new Database(newer);
  raw.pragma('user_version = 99');
  raw.close();
  expect(() => open(newer)).toThrow(expect.objectContaining({ code: 'ledger/newer-version' }));
  const foreign = freshFile();
  writeFileSync(foreign, 'not a database, '.repeat(1000));
  expect(() => open(foreign)).toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
  expect(readFileSync(foreign, 'utf8')).toBe('not a database, '.repeat(1000));
});

test('CSV has a line an entry, and no cell runs as a formula', () => {
  const ledger = open(freshFile());
  ledger.append(entry('a', 100n));
  const [head, line] = ledger.csvPart(0).csv.split('\r\n');
  expect(head).toContain('netLamports');
  expect(line).toContain(",'=cmd(),");
  expect(line).toContain(',100,5,95,earned,');
});

test('the series has every bucket, empty ones too, and sums to the total', () => {
  const ledger = open(freshFile());
  ledger.append(entry('a', 100n));
  ledger.append({ ...entry('b', 200n), at: Date.now() - 5 * 86_400_000 });
  const days = ledger.series({ bucket: 'day', count: 7, offsetMinutes: 60 });
  expect(days).toHaveLength(7);
  expect(days.reduce((sum, { netLamports }) => sum + BigInt(netLamports), 0n)).toBe(
    ledger.totals().netLamports,
  );
});

test('the forecast is hidden for five minutes, then carries the last fifteen on for a day', () => {
  const minute = 60_000;
  const net = (since: number) => (since === 85 * minute ? 1500n : 0n);
  expect(forecast(4 * minute, 0, net)).toEqual({ lamports: null, knownAt: 5 * minute });
  expect(forecast(100 * minute, 0, net)).toEqual({ lamports: 144_000n, knownAt: null });
  expect(forecast(100 * minute, null, net)).toEqual({ lamports: null, knownAt: null });
});

test('from five minutes on the forecast is of the time since earning began, from fifteen of the last fifteen', () => {
  const minute = 60_000;
  const asked: number[] = [];
  // A lamport a millisecond, from the beginning on.
  const at = (minutes: number) =>
    forecast((1000 + minutes) * minute, 1000 * minute, (since) => {
      asked.push(since / minute);
      return BigInt((1000 + minutes) * minute - since);
    });
  const perDay = { lamports: 86_400_000n, knownAt: null };
  expect(at(5 - 1 / minute)).toEqual({ lamports: null, knownAt: 1005 * minute });
  for (const minutes of [5, 10, 15, 16]) expect(at(minutes)).toEqual(perDay);
  expect(asked).toEqual([1000, 1000, 1000, 1001]);
});

test('what each kind of work brought is told apart, from an instant on', () => {
  const ledger = open(freshFile());
  ledger.append({ ...entry('old', 1000n), at: 10 });
  ledger.append({ ...entry('answer', 2000n), at: 100 });
  ledger.append({
    ...entry('round', 40_000n, false),
    at: 200,
    training: { roundId: 'r', taskName: 'Digits' },
  });
  expect(ledger.netByKind(100)).toEqual({ inference: 1900n, training: 38_000n });
  expect(ledger.netByKind(201)).toEqual({ inference: 0n, training: 0n });
  ledger.close();
});

test('a series that was read shows an entry that came since, also one of an hour long past', () => {
  const ledger = open(freshFile());
  const net = () =>
    ledger
      .series({ bucket: 'hour', count: 24, offsetMinutes: 0 })
      .reduce((sum, { netLamports }) => sum + BigInt(netLamports), 0n);
  ledger.append(entry('a', 100n));
  expect(net()).toBe(95n);
  ledger.append({ ...entry('b', 200n), at: Date.now() - 5 * 3_600_000 });
  expect(net()).toBe(285n);
});
