import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Entry, type EntryFilter, entryStateSchema } from '#contract/earnings.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { newEntry } from '#testing/ledger-entries.ts';
import { columns, type EntryRow, entryOf, joined } from './entry-rows.ts';
import { type Ledger, openLedger } from './ledger.ts';

const quarterMs = 900_000;
const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 1);
const gateways = ['http://one.test', 'http://two.test'] as const;
const channel = (gatewayUrl: string) => (gatewayUrl === gateways[0] ? 'A'.repeat(43) : 'B'.repeat(43));

const mostly = fc.constantFrom(true, true, true, true, false);

/** A booking, its verdict, vouchers, refusals and payments, in any order and over some days. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        act: fc.constant('book' as const),
        quarter: fc.nat(96 * 5),
        gateway: fc.nat(1),
        model: fc.constantFrom('tiny', 'large'),
        type: fc.constantFrom('inference' as const, 'training' as const, 'proxy' as const),
        signs: mostly,
        price: fc.constantFrom(0n, 19n, 1000n, 7_777n, 10_000n),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ act: fc.constant('verdict' as const), which: fc.nat(), accepted: mostly }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        act: fc.constantFrom('voucher' as const, 'voucher' as const, 'refuse' as const, 'settle' as const),
        gateway: fc.nat(1),
        share: fc.constantFrom(0.3, 0.8, 1, 1),
      }),
    },
  ),
  { minLength: 45, maxLength: 90 },
);
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

function play(ledger: Ledger, actions: readonly Step[]): void {
  const reached = new Map<string, bigint>();
  const open: { requestId: string; gatewayUrl: string; net: bigint }[] = [];
  let count = 0;
  for (const [index, gatewayUrl] of gateways.entries())
    ledger.openChannel({
      channel: channel(gatewayUrl),
      gatewayUrl,
      gatewayKey: `key-${index}`,
      payout: 'payout',
      mint: '1'.repeat(32),
      decimals: 9,
      epoch: 0,
      network: 'localnet',
      genesisHash: null,
      treasury: null,
    });
  for (const action of actions) {
    if (action.act === 'book') {
      const { quarter, gateway, model, type, signs, price } = action;
      const gatewayUrl = gateways[gateway] ?? gateways[0];
      const requestId = `req-${count++}`;
      ledger.append({
        ...newEntry(requestId, price, { signs, network: 'localnet', gatewayUrl }),
        at: startMs + quarter * quarterMs + count,
        model,
        ...(type === 'training' ? { training: { roundId: 'r', taskName: model } } : {}),
        ...(type === 'proxy'
          ? {
              proxied: {
                target: 'openai/x',
                costPicoUsd: 1n,
                commissionBasisPoints: 500,
                solMicroUsd: 1,
                costLamports: price / 2n,
                commissionLamports: 0n,
                isEstimate: false,
                isCacheHit: false,
              },
            }
          : {}),
      });
      if (signs) open.push({ requestId, gatewayUrl, net: price - (price * 5n) / 100n });
    } else if (action.act === 'verdict') {
      const [one] = open.splice(action.which % Math.max(1, open.length), 1);
      if (!one) continue;
      const cumulative = (reached.get(one.gatewayUrl) ?? 0n) + one.net;
      if (action.accepted) reached.set(one.gatewayUrl, cumulative);
      ledger.takeAnswer(one.gatewayUrl, {
        channel: channel(one.gatewayUrl),
        verdicts: [
          {
            request_id: one.requestId,
            verdict: action.accepted ? 'accepted' : 'disputed',
            owed_lamports: `${one.net}`,
            fee_lamports: '0',
            ...(action.accepted ? { cumulative_atomic: `${cumulative}` } : {}),
          },
        ],
      });
    } else {
      const gatewayUrl = gateways[action.gateway] ?? gateways[0];
      const known = ledger.channel(channel(gatewayUrl));
      if (!known) throw new Error('no channel');
      const sum = BigInt(Math.floor(Number(reached.get(gatewayUrl) ?? 0n) * action.share));
      if (action.act === 'settle') {
        if (sum <= known.settledAtomic) continue;
        const id = `pay-${count++}`;
        const payment = {
          id,
          signature: id,
          gatewayUrl,
          channelId: known.id,
          mode: 'gateway' as const,
          cumulativeAtomic: sum,
          amountAtomic: sum - known.settledAtomic,
          mint: '1'.repeat(32),
          cluster: 'localnet' as const,
          bytes: null,
          lastValidBlockHeight: null,
        };
        ledger.payments.add(payment, 'submitted');
        const stored = ledger.payments.payment(id);
        if (stored)
          ledger.payments.finalize(stored, {
            cumulativeAtomic: sum,
            receivedAtomic: payment.amountAtomic,
            slot: 1,
          });
        continue;
      }
      if (action.act === 'voucher' && sum <= known.voucheredAtomic) continue;
      ledger.takeAnswer(gatewayUrl, {
        channel: channel(gatewayUrl),
        verdicts: [],
        voucher: { voucher: 'AAAA', signer: 'S'.repeat(43), signature: `${count++}`.padStart(64, 'x') },
        judge: () =>
          action.act === 'refuse'
            ? { result: 'refused', rule: 'signature', sentence: 'The signature does not fit.' }
            : {
                result: 'accepted',
                cumulativeAtomic: sum,
                expiresAt: BigInt(count),
                bytes: new Uint8Array(50),
              },
      });
    }
  }
}

/** Every entry as the tables themselves say, without a sum; newest first. */
function everyEntry(file: string): Entry[] {
  const database = new Database(file, { readonly: true });
  database.defaultSafeIntegers(true);
  const rows = database.prepare(`SELECT ${columns} ${joined} ORDER BY e.at DESC, e.id DESC`).all();
  database.close();
  return (rows as EntryRow[]).map(entryOf);
}

function played(actions: readonly Step[]): { ledger: Ledger; all: Entry[] } {
  const file = join(mkdtempSync(join(tmpdir(), 'entries-')), 'node.db');
  const ledger = openLedger(file, { clock: createFakeClock(startMs + 6 * dayMs).clock });
  play(ledger, actions);
  return { ledger, all: everyEntry(file) };
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
const filters = fc.record({
  state: maybe(fc.constantFrom('earned', 'agreed', 'vouchered', 'settled', 'disputed', 'unattributed')),
  type: maybe(fc.constantFrom('inference', 'training', 'proxy')),
  model: maybe(fc.constantFrom('tiny', 'large', 'unknown')),
  gatewayUrl: maybe(fc.constantFrom(...gateways)),
  from: maybe(fc.nat(96 * 5).map((quarter) => startMs + quarter * quarterMs)),
  until: maybe(fc.nat(96 * 5).map((quarter) => startMs + quarter * quarterMs)),
}) as fc.Arbitrary<EntryFilter>;

const fits = (filter: EntryFilter) => (entry: Entry) =>
  (filter.state ?? entry.state) === entry.state &&
  (filter.type ?? entry.type) === entry.type &&
  (filter.model ?? entry.model) === entry.model &&
  (filter.gatewayUrl ?? entry.gatewayUrl) === entry.gatewayUrl &&
  entry.at >= (filter.from ?? 0) &&
  entry.at < (filter.until ?? Number.MAX_SAFE_INTEGER);

const ids = (entries: readonly Entry[]) => entries.map(({ id }) => id);

test('any filter from any row, and onwards both ways, shows what a look at every entry would', () => {
  fc.assert(
    fc.property(steps, filters, fc.nat(40), fc.integer({ min: 1, max: 9 }), (actions, filter, row, limit) => {
      const { ledger, all } = played(actions);
      const wanted = all.filter(fits(filter));
      const page = ledger.entries({ row, limit, filter });
      expect(page).toMatchObject({ total: wanted.length, firstRow: row, isCut: false });
      expect(page.entries).toEqual(wanted.slice(row, row + limit));
      const middle = wanted[row];
      if (middle) {
        const older = ledger.entries({ beforeId: middle.id, limit, filter });
        expect(ids(older.entries)).toEqual(ids(wanted.slice(row + 1, row + 1 + limit)));
        const newer = ledger.entries({ afterId: middle.id, limit, filter });
        expect(ids(newer.entries)).toEqual(ids(wanted.slice(Math.max(0, row - limit), row)));
      }
      ledger.close();
    }),
    { numRuns: 60 },
  );
});

const net = (entries: readonly Entry[]) =>
  entries.reduce((sum, { netLamports }) => sum + BigInt(netLamports), 0n);

test('running sums by type, model, gateway, day, month and state are those of the entries', () => {
  fc.assert(
    fc.property(steps, fc.nat(96 * 5), fc.constantFrom(-570, 0, 345), (actions, quarter, offsetMinutes) => {
      const { ledger, all } = played(actions);
      const sinceMs = startMs + quarter * quarterMs;
      const late = all.filter(({ at }) => at >= sinceMs);
      for (const [by, keyOf] of [
        ['type', (entry: Entry) => entry.type],
        ['model', (entry: Entry) => entry.model],
        ['gateway', (entry: Entry) => entry.gatewayUrl],
      ] as const) {
        const rows = ledger.breakdown(sinceMs, by);
        expect(rows.map(({ key }) => key).sort()).toEqual([...new Set(late.map(keyOf))].sort());
        for (const row of rows) {
          const mine = late.filter((entry) => keyOf(entry) === row.key);
          expect(row).toMatchObject({ jobs: mine.length, netLamports: `${net(mine)}` });
          const cost = mine.reduce((sum, { proxied }) => sum + BigInt(proxied?.costLamports ?? 0), 0n);
          expect(row.costLamports).toBe(`${cost}`);
        }
      }
      const days = ledger.series({ bucket: 'day', count: 8, offsetMinutes });
      for (const day of days) {
        const mine = all.filter(({ at }) => at >= day.at && at < day.at + dayMs);
        expect(day).toMatchObject({ jobs: mine.length, netLamports: `${net(mine)}` });
        const training = mine.filter(({ type }) => type === 'training');
        expect(day.byType.training).toBe(`${net(training)}`);
      }
      // “Months” of half a day, so that these few days fill them.
      const edges = Array.from({ length: 13 }, (_, n) => startMs + n * (dayMs / 2) + 3 * quarterMs);
      const rows = ledger.yearly(edges);
      for (let month = 1; month <= 12; month += 1) {
        const mine = all.filter(({ at }) => at >= (edges[month - 1] ?? 0) && at < (edges[month] ?? 0));
        const row = rows.find((one) => one.month === month && one.network === 'localnet');
        expect(row?.netLamports ?? '0').toBe(`${net(mine)}`);
        expect(row?.disputedLamports ?? '0').toBe(`${net(mine.filter(({ state }) => state === 'disputed'))}`);
      }
      for (const state of entryStateSchema.options) {
        const { total } = ledger.entries({ limit: 1, filter: { state } });
        expect(`${state} ${total}`).toBe(`${state} ${all.filter((entry) => entry.state === state).length}`);
      }
      const byState = ledger.netByState();
      for (const [state, sum] of Object.entries(byState))
        expect(`${state} ${sum}`).toBe(`${state} ${net(all.filter((entry) => entry.state === state))}`);
      ledger.close();
    }),
    { numRuns: 40 },
  );
});

test('a request is found by the beginning of its id, within the other filters', () => {
  const book = (quarter: number, type: 'inference' | 'proxy'): Step => ({
    act: 'book',
    quarter,
    gateway: 0,
    model: 'tiny',
    type,
    signs: false,
    price: 1000n,
  });
  const { ledger } = played(
    Array.from({ length: 30 }, (_, n) => book(n, n % 2 === 0 ? 'inference' : 'proxy')),
  );
  const found = ledger.entries({ limit: 5, filter: { requestId: 'req-2' } });
  expect(found).toMatchObject({ total: 11, firstRow: 0, isCut: false });
  expect(found.entries.map(({ requestId }) => requestId)).toEqual([
    'req-29',
    'req-28',
    'req-27',
    'req-26',
    'req-25',
  ]);
  expect(ledger.entries({ limit: 5, filter: { requestId: 'req-2', type: 'proxy' } }).total).toBe(5);
  expect(ledger.entries({ limit: 5, filter: { requestId: 'req-2%' } }).total).toBe(0);
  ledger.close();
});

test('a ledger is exported part by part: together they are the whole, with one heading', () => {
  const { ledger, all } = played(
    Array.from({ length: 25 }, (_, n) => ({
      act: 'book' as const,
      quarter: n,
      gateway: 0,
      model: 'tiny',
      type: 'inference' as const,
      signs: false,
      price: 1000n,
    })),
  );
  const whole = ledger.csvPart(0);
  expect(whole.nextAfterId).toBeNull();
  let text = '';
  for (let afterId: number | null = 0; afterId !== null; ) {
    const part: { csv: string; nextAfterId: number | null } = ledger.csvPart(afterId, 7);
    text += part.csv;
    afterId = part.nextAfterId;
  }
  expect(text).toBe(whole.csv);
  expect(
    text
      .split('\r\n')
      .slice(1, -1)
      .map((line) => Number(line.split(',')[0])),
  ).toEqual(ids(all).sort((one, other) => one - other));
  ledger.close();
});
