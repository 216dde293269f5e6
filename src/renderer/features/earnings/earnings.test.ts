import { expect, test } from 'vitest';
import type { EarningsSummary, Entry } from '#contract/earnings.ts';
import { isWhole, oldestId, withPage } from './entry-list.ts';
import { reconcile } from './reconciliation.ts';
import { isTrainingRound } from './training-round.ts';

const entry = (id: number, state: Entry['state'] = 'earned'): Entry => ({
  id,
  at: id * 1000,
  requestId: `request-${id}`,
  model: 'tiny-chat',
  payer: 'payer',
  gatewayUrl: 'http://127.0.0.1:8200',
  network: 'test-credits',
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

test('older pages are put below, and an entry that the gateway has answered since is replaced', () => {
  const first = withPage(null, { entries: [entry(9), entry(8)], total: 4 });
  expect(oldestId(first)).toBe(8);
  expect(isWhole(first)).toBe(false);
  const all = withPage(first, { entries: [entry(7), entry(6)], total: 4 });
  expect(isWhole(all)).toBe(true);
  const after = withPage(all, { entries: [entry(10), entry(9, 'agreed')], total: 5 });
  expect(after.entries.map((one) => one.id)).toEqual([10, 9, 8, 7, 6]);
  expect(after.entries[1]?.state).toBe('agreed');
});

const totals = { jobs: 1, tokens: 1, grossLamports: '0', feeLamports: '0', netLamports: '0' };
const summary = (agreed: string, earned: string, owes: string | null): EarningsSummary => ({
  today: totals,
  last7Days: totals,
  last30Days: totals,
  all: totals,
  byState: { agreed, earned, vouchered: '0', settled: '0', disputed: '0', unattributed: '0' },
  forecastLamports: null,
  forecastAt: null,
  gatewayOwes: owes === null ? null : { lamports: owes, at: 5 },
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

test('an entry without tokens is a training round; an embedding, which generates none, is not', () => {
  expect(isTrainingRound({ promptTokens: 0, generatedTokens: 0 })).toBe(true);
  expect(isTrainingRound({ promptTokens: 9, generatedTokens: 0 })).toBe(false);
});
