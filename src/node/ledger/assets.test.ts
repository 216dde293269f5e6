import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { solUnit } from '#contract/assets.ts';
import { newEntry } from '#testing/ledger-entries.ts';
import { systemClock } from '../clock.ts';
import { type Ledger, openLedger } from './ledger.ts';

const mint = '4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU';
const other = '7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU';
const program = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';

let dir: string;
let ledger: Ledger;
const open = () => openLedger(join(dir, 'node.db'), { clock: systemClock });
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'assets-'));
  ledger = open();
  const proxied = {
    target: 'openai/gpt',
    costPicoUsd: 1_000_000_000n,
    commissionBasisPoints: 500,
    solMicroUsd: 150_000_000,
    commissionLamports: 1n,
    isEstimate: false,
    isCacheHit: false,
  };
  ledger.append({
    ...newEntry('in-sol', 1000n, { network: 'devnet' }),
    proxied: { ...proxied, costLamports: 900n },
  });
  ledger.append({ ...newEntry('in-usdc', 20_000n, { network: 'devnet' }), asset: mint });
  ledger.append({
    ...newEntry('in-usdc-too', 40_000n, { network: 'devnet' }),
    asset: mint,
    proxied: { ...proxied, costLamports: 30_000n },
  });
  ledger.append({ ...newEntry('in-other', 700_000n, { network: 'devnet' }), asset: other });
  ledger.append({ ...newEntry('in-usdc-elsewhere', 60_000n, { network: 'localnet' }), asset: mint });
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true });
});

test('test credits are in no sum of SOL', () => {
  const file = join(dir, 'networks.db');
  const ledger = openLedger(file, { clock: systemClock });
  ledger.append(newEntry('credits', 100n, { network: 'test-credits', gatewayUrl: 'http://local' }));
  ledger.append(newEntry('sol', 2000n, { network: 'devnet', gatewayUrl: 'http://gateway' }));
  for (const [network, net] of [
    ['test-credits', 95n],
    ['devnet', 1900n],
    ['mainnet-beta', 0n],
  ] as const) {
    expect(ledger.totals(0, 'SOL', network).netLamports).toBe(net);
    expect(ledger.netByState('SOL', network).earned).toBe(net);
    expect(ledger.series({ bucket: 'day', count: 1, offsetMinutes: 0, network })[0]?.netLamports).toBe(
      `${net}`,
    );
  }
  expect(ledger.netByMoney()).toEqual([
    { network: 'test-credits', asset: 'SOL', net: 95n },
    { network: 'devnet', asset: 'SOL', net: 1900n },
  ]);
  expect(ledger.lastMoney('http://gateway')).toEqual({ network: 'devnet', asset: 'SOL' });
  expect(ledger.lastMoney('http://nobody')).toBeNull();
  ledger.close();
});

test('no sum is over two assets', () => {
  expect(['SOL', mint, other].map((asset) => ledger.totals(0, asset).netLamports)).toEqual([
    950n,
    114_000n,
    665_000n,
  ]);
  // The first and the last quarter of an hour are read from the entries themselves.
  expect(ledger.totals(Date.now() - 60_000, mint)).toMatchObject({ jobs: 3, grossLamports: 120_000n });
  expect(ledger.netByKind(0, mint)).toEqual({ inference: 76_000n, training: 0n });
  expect(ledger.netByKind(0, mint, 'devnet')).toEqual({ inference: 19_000n, training: 0n });
  expect(ledger.netByState(other)).toMatchObject({ earned: 665_000n });
  expect(ledger.moneySums('devnet', mint)).toMatchObject({ grossLamports: '60000', differenceLamports: '0' });
  expect(ledger.moneySums(null, mint)).toMatchObject({ grossLamports: '120000', differenceLamports: '0' });
  expect(ledger.moneySums(null)).toMatchObject({
    ...solUnit,
    grossLamports: '1000',
    differenceLamports: '0',
  });
  const day = (asset?: string) =>
    ledger
      .series({ bucket: 'day', count: 2, offsetMinutes: 0, ...(asset ? { asset } : {}) })
      .reduce((sum, { netLamports }) => sum + BigInt(netLamports), 0n);
  expect([day(), day(mint), day(other)]).toEqual([950n, 114_000n, 665_000n]);
  expect(ledger.providerTotals()).toMatchObject([
    { provider: 'openai', costLamports: 900n, netLamports: 950n },
  ]);
  expect(ledger.providerTotals(mint)).toMatchObject([
    { provider: 'openai', costLamports: 30_000n, netLamports: 38_000n },
  ]);
  expect(ledger.providerTotals(other)).toEqual([]);
  const rows = ledger
    .breakdown(0, 'gateway')
    .map(({ network, asset, grossLamports }) => [network, asset, grossLamports]);
  expect(rows.sort()).toEqual(
    [
      ['devnet', 'SOL', '1000'],
      ['devnet', mint, '60000'],
      ['devnet', other, '700000'],
      ['localnet', mint, '60000'],
    ].sort(),
  );
  const year = new Date().getUTCFullYear();
  const starts = Array.from({ length: 13 }, (_, month) => Date.UTC(year, month, 1));
  expect(
    ledger
      .yearly(starts)
      .map(({ network, asset, jobs }) => [network, asset, jobs])
      .sort(),
  ).toEqual(
    [
      ['devnet', 'SOL', 1],
      ['devnet', mint, 2],
      ['devnet', other, 1],
      ['localnet', mint, 1],
    ].sort(),
  );
  expect(ledger.payers().map(({ money, asset, earned }) => [money, asset, earned])).toEqual([
    ['devnet', 'SOL', 950n],
    [`devnet/${mint}`, mint, 57_000n],
    [`devnet/${other}`, other, 665_000n],
    [`localnet/${mint}`, mint, 57_000n],
  ]);
});

test('entries tell their asset, and its decimals from when the chain has told them', () => {
  const shown = () =>
    ledger.entries({ limit: 9 }).entries.map(({ network, asset, decimals }) => [network, asset, decimals]);
  expect(shown().slice(3)).toEqual([
    ['devnet', mint, null],
    ['devnet', 'SOL', 9],
  ]);
  expect(ledger.csvPart(0).csv).toMatch(/,,USDC\r\n/);
  ledger.addToken({ mint, decimals: 6, program });
  // The first word stays.
  ledger.addToken({ mint, decimals: 2, program });
  ledger.close();
  ledger = open();
  expect(ledger.unitOf(mint)).toEqual({ asset: mint, decimals: 6 });
  expect(shown()).toEqual([
    ['localnet', mint, 6],
    ['devnet', other, null],
    ['devnet', mint, 6],
    ['devnet', mint, 6],
    ['devnet', 'SOL', 9],
  ]);
  const [heading = '', sol = '', usdc = ''] = ledger.csvPart(0).csv.split('\r\n');
  expect(heading).toMatch(/^id,at,type,requestId,model,payer,gatewayUrl,network,asset,.*,net,unit$/);
  expect(sol).toMatch(/,devnet,SOL,.*,0\.00000095,SOL$/);
  expect(usdc).toMatch(new RegExp(`,devnet,${mint},.*,0\\.019,USDC$`));
  expect(ledger.lastMoney(null)?.asset).toBe(mint);
});

test('a receipt gets no place in the channel of another asset', () => {
  const channel = {
    channel: 'c'.repeat(40),
    gatewayUrl: 'http://127.0.0.1:1',
    gatewayKey: 'g'.repeat(40),
    payout: 'p'.repeat(40),
    mint,
    decimals: 6,
    epoch: 0,
    network: 'devnet',
    genesisHash: 'h'.repeat(40),
    treasury: 't'.repeat(40),
  };
  ledger.openChannel(channel);
  const accept = (requestId: string, net: string, cumulative: string) => ({
    request_id: requestId,
    verdict: 'accepted' as const,
    owed_lamports: net,
    fee_lamports: '0',
    cumulative_atomic: cumulative,
  });
  ledger.takeAnswer(channel.gatewayUrl, {
    channel: channel.channel,
    verdicts: [accept('in-sol', '950', '950'), accept('in-usdc', '19000', '19950')],
  });
  const states = ledger.entries({ limit: 9 }).entries.map(({ requestId, state }) => [requestId, state]);
  expect(Object.fromEntries(states)).toMatchObject({ 'in-sol': 'disputed', 'in-usdc': 'agreed' });
  expect(ledger.moneySums('devnet', mint)).toMatchObject({ disputedLamports: '0', differenceLamports: '0' });
  expect(ledger.moneySums('devnet')).toMatchObject({ disputedLamports: '950', differenceLamports: '0' });
});
