import { expect, test } from 'vitest';
import { solUnit, usdcMints } from '#contract/assets.ts';
import type { EarningsSummary, Entry } from '#contract/earnings.ts';
import type { EnergyDay } from '#contract/resources.ts';
import { energyCost, energyOfMonth, energyReader } from './electricity.ts';
import { emptyDraft, filterOf } from './entry-filter.ts';
import { missingBlocks, withEntries } from './entry-pages.ts';
import { addsUp, reconcile } from './reconciliation.ts';
import { monthStarts, yearlyCsv, yearTotals } from './yearly-summary.ts';

const entry = (id: number, state: Entry['state'] = 'earned'): Entry => ({
  id,
  at: id * 1000,
  type: 'inference',
  requestId: `request-${id}`,
  model: 'tiny-chat',
  payer: 'payer',
  gatewayUrl: 'http://127.0.0.1:8200',
  network: 'test-credits',
  ...solUnit,
  promptTokens: 10,
  generatedTokens: 20,
  priceLamports: '1040',
  feeLamports: '52',
  netLamports: '988',
  state,
  disputeReason: null,
  durationMs: 800,
  proxied: null,
  training: null,
});

test('entries keep their number when new ones come above them, and changed ones are replaced', () => {
  const first = withEntries(null, { entries: [entry(4), entry(3)], total: 4, row: 0 });
  expect([...first.entries.keys()]).toEqual([3, 2]);
  const later = withEntries(first, { entries: [entry(5), entry(4, 'agreed')], total: 5, row: 0 });
  expect(later.entries.get(4)?.id).toBe(5);
  expect(later.entries.get(3)?.state).toBe('agreed');
  expect(later.entries.get(2)?.id).toBe(3);
});

test('only what is in view and not here is asked for, and what is stale with the newest', () => {
  expect(missingBlocks(null, 0, 20, false)).toEqual([{ row: 0, limit: 100 }]);
  const total = 1_000_000;
  const none = withEntries(null, { entries: [], total, row: 0 });
  expect(missingBlocks(none, 500_010, 500_030, false)).toEqual([{ row: 500_000, limit: 100 }]);
  expect(missingBlocks(none, 500_090, 500_110, false)).toEqual([
    { row: 500_100, limit: 100 },
    { row: 500_000, limit: 100 },
  ]);
  const page = Array.from({ length: 100 }, (_, n) => entry(total - 500_000 - n));
  const some = withEntries(none, { entries: page, total, row: 500_000 });
  expect(missingBlocks(some, 500_010, 500_030, false)).toEqual([]);
  expect(missingBlocks(some, 500_010, 500_030, true)).toEqual([
    { row: 500_000, limit: 100 },
    { row: 0, limit: 100 },
  ]);
});

const totals = { jobs: 1, tokens: 1, grossLamports: '0', feeLamports: '0', netLamports: '0' };
const summary = (agreed: string, earned: string, owes: string | null): EarningsSummary => ({
  network: 'devnet',
  ...solUnit,
  others: [],
  today: totals,
  last7Days: totals,
  last30Days: totals,
  all: totals,
  byState: { agreed: '0', earned: '0', vouchered: '0', settled: '0', disputed: '0', unattributed: '0' },
  forecastLamports: null,
  forecastAt: null,
  gatewayOwes:
    owes === null ? null : { lamports: owes, at: 5, agreedLamports: agreed, waitingLamports: earned },
});

test('the sums add up when the gateway owes just what was agreed', () => {
  expect(reconcile(summary('988', '0', '988'))).toEqual({ state: 'equal', owed: 988n, at: 5 });
  expect(reconcile(summary('0', '0', null))).toEqual({ state: 'unknown' });
});

test('receipts on their way are no difference; anything else is, with its sign', () => {
  expect(reconcile(summary('988', '100', '988')).state).toBe('waiting');
  expect(reconcile(summary('988', '100', '1050')).state).toBe('waiting');
  expect(reconcile(summary('988', '100', '1089'))).toMatchObject({ state: 'different', difference: 101n });
  expect(reconcile(summary('988', '0', '900'))).toMatchObject({ state: 'different', difference: -88n });
});

test('days of a filter begin and end at this computer’s midnights', () => {
  const filter = filterOf({ ...emptyDraft, firstDay: '2026-03-01', lastDay: '2026-03-31', requestId: 're' });
  expect(filter).toEqual({
    from: new Date(2026, 2, 1).getTime(),
    until: new Date(2026, 3, 1).getTime(),
  });
  expect(filterOf({ ...emptyDraft, state: 'settled', requestId: ' req-1 ' })).toEqual({
    state: 'settled',
    requestId: 'req-1',
  });
});

const sums = {
  ...solUnit,
  grossLamports: '1000',
  feeLamports: '50',
  unvoucheredLamports: '100',
  voucheredLamports: '200',
  submittedLamports: '150',
  settledLamports: '600',
  disputedLamports: '50',
  unattributedLamports: '0',
  differenceLamports: '0',
};

test('the parts are added up on the page itself: a host that says all is well is not believed', () => {
  expect(addsUp(sums)).toMatchObject({ isRight: true, difference: 0n });
  expect(addsUp({ ...sums, settledLamports: '599' })).toMatchObject({ isRight: false, difference: 1n });
  expect(addsUp({ ...sums, differenceLamports: '-3' })).toMatchObject({ isRight: false, difference: -3n });
});

const month = (number: number, network: string, net: string) => ({
  month: number,
  network,
  ...solUnit,
  jobs: 2,
  grossLamports: net,
  feeLamports: '0',
  netLamports: net,
  costLamports: '0',
  disputedLamports: '0',
  paidAtomic: '5',
});
const energy = [
  { day: '2026-01-30', wattHours: 100, costMicroUsd: 30_000, isMeasured: true },
  { day: '2026-01-31', wattHours: 100, costMicroUsd: 40_000, isMeasured: true },
  { day: '2026-02-01', wattHours: 100, costMicroUsd: 50_000, isMeasured: true },
];

test('a year’s file has a line a month and network, electricity apart, and fiat for money alone', () => {
  const rate = { currency: 'EUR', microPerSol: 130_000_000, at: new Date(2026, 1, 3).getTime() };
  const rows = [month(1, 'mainnet-beta', '8412000'), month(1, 'test-credits', '77'), month(2, '=evil', '1')];
  const lines = yearlyCsv(2026, rows, energy, rate).split('\r\n');
  expect(lines).toHaveLength(1 + 3 + 2 + 1);
  expect(lines[1]).toBe(
    '2026-01,mainnet-beta,SOL,2,0.008412000,0.000000000,0.008412000,0.000000000,0.000000000,0.000000005,EUR,130.000000,2026-02-03,1.093560',
  );
  expect(lines[2]).toMatch(/^2026-01,test-credits,SOL,.*,,,,$/);
  expect(lines[3]).toContain(",'=evil,");
  expect(lines[4]).toBe('2026-01,electricity,USD,,,,,,,,USD,,,-0.070000');
  expect(yearTotals([...rows, month(2, 'mainnet-beta', '1')])[0]).toMatchObject({
    net: 8412001n,
    jobs: 4,
    paid: 10n,
  });
  expect(monthStarts(2026)).toHaveLength(13);
});

test('tokens have lines of their own, by their digits, and no price of SOL', () => {
  const rate = { currency: 'EUR', microPerSol: 130_000_000, at: 0 };
  const usdc = { asset: usdcMints.devnet ?? '', decimals: 6 };
  const rows = [
    month(1, 'devnet', '7'),
    { ...month(1, 'devnet', '1250000'), ...usdc },
    { ...month(1, 'devnet', '3'), asset: 'mint', decimals: null },
  ];
  const [, , known, unknown] = yearlyCsv(2026, rows, null, rate).split('\r\n');
  expect(known).toBe('2026-01,devnet,USDC,2,1.250000,0.000000,1.250000,0.000000,0.000000,0.000005,,,,');
  expect(unknown).toBe('2026-01,devnet,smallest units of mint,2,3,0,3,0,0,5,,,,');
  expect(yearTotals(rows).map(({ net }) => net)).toEqual([7n, 1_250_000n, 3n]);
});

test('electricity is of the last days, today among them; unknown where no day is', () => {
  const now = new Date(2026, 1, 1, 12).getTime();
  expect(energyCost(energy, 1, now)).toBe(50_000n);
  expect(energyCost(energy, 2, now)).toBe(90_000n);
  expect(energyCost(energy, 'all', now)).toBe(120_000n);
  expect(energyCost([], 1, now)).toBeNull();
  expect(energyOfMonth(energy, 2026, 3)).toBeNull();
});

test('all days of electricity are read once, then but the newest, and all again where days may lie in between', async () => {
  const asked: number[] = [];
  const today = { day: '2026-02-01', wattHours: 200, costMicroUsd: 60_000, isMeasured: true };
  const tomorrow = { ...today, day: '2026-02-02' };
  const later = { ...today, day: '2026-04-02' };
  const away = { ok: false as const, error: { code: 'host/unavailable' as const, message: 'away' } };
  const is = (...data: EnergyDay[]) => ({ ok: true as const, data });
  const answers = [away, is(...energy), is(today, tomorrow), is(), away, is(later), is(...energy, later)];
  const read = energyReader(async (days) => {
    asked.push(days);
    return answers.shift() ?? away;
  });
  const joined = [...energy.slice(0, 2), today, tomorrow];
  expect(await read()).toBeNull();
  expect(await read()).toEqual(energy);
  for (let times = 0; times < 3; times++) expect(await read()).toEqual(joined);
  expect(asked).toEqual([4000, 4000, 31, 31, 31]);
  expect(await read()).toEqual([...energy, later]);
  expect(asked.slice(5)).toEqual([31, 4000]);
});
