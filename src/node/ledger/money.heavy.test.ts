import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import bs58 from 'bs58';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EntryState, entryStateSchema } from '#contract/earnings.ts';
import { signVoucher } from '#contract/settlement/signed-voucher.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { newByteKey } from '#testing/byte-key.ts';
import { newEntry } from '#testing/ledger-entries.ts';
import { systemClock } from '../clock.ts';
import { acceptVoucher } from '../wallet/vouchers.ts';
import type { GatewayWord, NewChannel } from './channel-book.ts';
import { openDatabase } from './database.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { entries as entryTables } from './migrations/001-entries.ts';
import { spend as spendTables } from './migrations/002-spend.ts';
import { trained as trainedTable } from './migrations/003-trained.ts';

const gateway = newByteKey();
const gatewayUrl = 'http://127.0.0.1:1';
const channel: NewChannel = {
  channel: bs58.encode(Buffer.alloc(32, 7)),
  gatewayUrl,
  gatewayKey: gateway.publicKey,
  payout: bs58.encode(Buffer.alloc(32, 8)),
  mint: nativeMint,
  decimals: 9,
  epoch: 1,
  network: 'localnet',
  genesisHash: bs58.encode(Buffer.alloc(32, 9)),
  treasury: bs58.encode(Buffer.alloc(32, 10)),
};
const freshFile = () => join(mkdtempSync(join(tmpdir(), 'money-')), 'node.db');
const open = (file: string) => openLedger(file, { clock: systemClock });
let expiry = 2_000_000_000;
const voucherOf = (cumulative: bigint) =>
  signVoucher(
    { channel: channel.channel, cumulativeAtomic: cumulative, expiresAt: BigInt(expiry++) },
    gateway,
  );
const judge: GatewayWord['judge'] = (state, voucher) =>
  acceptVoucher(state, voucher, {
    signer: gateway.publicKey,
    nowSeconds: 1_800_000_000,
    settleWindowSeconds: 86_400,
    limitAtomic: null,
  });
const payment = (cumulativeAtomic: bigint, amountAtomic: bigint, channelId: number) => {
  const id = bs58.encode(crypto.getRandomValues(new Uint8Array(64)));
  return {
    id,
    signature: id,
    gatewayUrl,
    channelId,
    mode: 'gateway' as const,
    cumulativeAtomic,
    amountAtomic,
    mint: nativeMint,
    cluster: 'localnet' as const,
    bytes: null,
    lastValidBlockHeight: null,
  };
};

/** Every figure that is kept as a running sum, counted anew from the entries themselves. */
function checkSums(ledger: Ledger): void {
  const { entries } = ledger.entries({ limit: 500 });
  const net = ledger.netByState();
  for (const state of entryStateSchema.options) {
    const mine = entries.filter((entry) => entry.state === state);
    expect(net[state], state).toBe(mine.reduce((sum, { netLamports }) => sum + BigInt(netLamports), 0n));
    const page = ledger.entries({ limit: 500, filter: { state } });
    expect(page.total, state).toBe(mine.length);
    expect(page.entries.map(({ id }) => id)).toEqual(mine.map(({ id }) => id));
    const middle = mine[Math.floor(mine.length / 2)]?.id;
    if (middle !== undefined)
      expect(
        ledger.entries({ limit: 2, filter: { state }, beforeId: middle }).entries.map(({ id }) => id),
      ).toEqual(
        mine
          .filter(({ id }) => id < middle)
          .slice(0, 2)
          .map(({ id }) => id),
      );
  }
  const sums = ledger.moneySums('localnet');
  expect(sums.differenceLamports).toBe('0');
  expect(sums.grossLamports).toBe(
    `${entries.reduce((sum, { priceLamports }) => sum + BigInt(priceLamports), 0n)}`,
  );
  const parts = ['fee', 'unvouchered', 'vouchered', 'settled', 'disputed', 'unattributed'] as const;
  expect(parts.reduce((sum, part) => sum + BigInt(sums[`${part}Lamports`]), 0n)).toBe(
    BigInt(sums.grossLamports),
  );
  for (const figures of ledger.payers()) {
    const of = (...states: EntryState[]) =>
      entries
        .filter((entry) => entry.payer === figures.payer && states.includes(entry.state))
        .reduce((sum, { netLamports }) => sum + BigInt(netLamports), 0n);
    expect(figures.settled).toBe(of('settled'));
    expect(figures.vouchered).toBe(of('vouchered', 'settled'));
    expect(figures.earned + figures.agreed + figures.disputed + figures.unattributed).toBe(
      of(...entryStateSchema.options),
    );
  }
}

type Step =
  | { act: 'book'; payer: number; price: bigint; signs: boolean }
  | { act: 'answer'; count: number; disputes: number; underReports: boolean }
  | { act: 'voucher'; short: bigint }
  | { act: 'pay'; lacks: bigint; isForked: boolean }
  | { act: 'writeOff'; payer: number; share: bigint }
  | { act: 'restart' };
const small = fc.bigInt({ min: 0n, max: 50n });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('book' as const),
      payer: fc.nat(2),
      price: fc.bigInt({ min: 0n, max: 10n ** 15n }),
      signs: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('answer' as const),
      count: fc.integer({ min: 1, max: 4 }),
      disputes: fc.nat(15),
      underReports: fc.boolean(),
    }),
  },
  fc.record({ act: fc.constant('voucher' as const), short: fc.oneof(fc.constant(0n), small) }),
  fc.record({
    act: fc.constant('pay' as const),
    lacks: fc.oneof(fc.constant(0n), small),
    isForked: fc.boolean(),
  }),
  fc.record({
    act: fc.constant('writeOff' as const),
    payer: fc.nat(2),
    share: fc.bigInt({ min: 1n, max: 10n ** 15n }),
  }),
  fc.record({ act: fc.constant('restart' as const) }),
);

test('every lamport stands in one place, whatever gateway, chain and restarts do', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const file = freshFile();
      let ledger = open(file);
      ledger.openChannel(channel);
      let cumulative = 0n;
      const written = new Map<string, bigint>();
      steps.forEach((action, index) => {
        if (action.act === 'restart') {
          ledger.close();
          ledger = open(file);
        } else if (action.act === 'writeOff') {
          const payer = { gatewayUrl, money: 'localnet', payer: `p${action.payer}` };
          const before = ledger.payer(gatewayUrl, 'localnet', payer.payer);
          const left = before ? before.disputed - before.writtenOff : 0n;
          expect(() => ledger.writeOff(payer, left + 1n)).toThrow();
          if (!before || left === 0n) return;
          const amount = (action.share % left) + 1n;
          ledger.writeOff(payer, amount);
          written.set(payer.payer, (written.get(payer.payer) ?? 0n) + amount);
        } else if (action.act === 'book') {
          const { price, signs, payer } = action;
          ledger.append(
            newEntry(`r${index}`, price, { signs, payer: `p${payer}`, network: 'localnet', gatewayUrl }),
          );
        } else if (action.act === 'answer') {
          const { count, disputes, underReports } = action;
          const verdicts = ledger.unanswered(gatewayUrl, count).map(({ receipt }, place) => {
            const price = BigInt(receipt.price_atomic);
            const net = price - (price * 5n) / 100n;
            const isDisputed = ((disputes >> place) & 1) === 1;
            const owed = underReports && net > 0n && place === 0 ? net - 1n : net;
            if (!isDisputed) cumulative += owed;
            return {
              request_id: receipt.request_id,
              verdict: isDisputed ? ('disputed' as const) : ('accepted' as const),
              owed_lamports: `${owed}`,
              fee_lamports: '0',
              ...(isDisputed ? { reason: 'tokens differ' } : { cumulative_atomic: `${cumulative}` }),
            };
          });
          const word = { verdicts: verdicts.reverse(), channel: channel.channel };
          ledger.takeAnswer(gatewayUrl, { ...word, voucher: voucherOf(cumulative), judge });
          ledger.takeAnswer(gatewayUrl, word);
        } else if (action.act === 'voucher') {
          const short = cumulative > action.short ? cumulative - action.short : 0n;
          ledger.takeAnswer(gatewayUrl, {
            verdicts: [],
            channel: channel.channel,
            voucher: voucherOf(short),
            judge,
          });
        } else {
          const known = ledger.channel(channel.channel);
          if (!known) return;
          const upTo = cumulative - action.lacks;
          if (upTo <= known.settledAtomic) return;
          const amount = upTo - known.settledAtomic;
          const paid = payment(upTo, amount, known.id);
          ledger.payments.add(paid, 'submitted');
          ledger.payments.enter(paid.id, 'confirmed');
          expect(BigInt(ledger.moneySums(null).submittedLamports)).toBeGreaterThanOrEqual(amount);
          if (action.isForked) ledger.payments.enter(paid.id, 'submitted', 'gone');
          const seen = ledger.payments.payment(paid.id);
          if (!seen) throw new Error('it was added');
          if (action.isForked) ledger.payments.enter(paid.id, 'failed', 'never seen again');
          ledger.payments.finalize(seen, { receivedAtomic: amount, cumulativeAtomic: upTo, slot: 1 });
          ledger.payments.finalize(seen, { receivedAtomic: amount, cumulativeAtomic: upTo, slot: 1 });
          expect(ledger.channel(channel.channel)?.settledAtomic).toBe(
            action.isForked ? known.settledAtomic : upTo,
          );
        }
        checkSums(ledger);
        for (const { payer, writtenOff } of ledger.payers())
          expect(writtenOff).toBe(written.get(payer) ?? 0n);
      });
      ledger.close();
    }),
    { numRuns: 60 },
  );
});

const booked = (count: number, price = 100n) => {
  const ledger = open(freshFile());
  ledger.openChannel(channel);
  for (let index = 1; index <= count; index++)
    ledger.append(newEntry(`r${index}`, price, { payer: 'p', network: 'localnet', gatewayUrl }));
  return ledger;
};
const accepted = (id: string, place: bigint, owed = 95n) => ({
  request_id: id,
  verdict: 'accepted' as const,
  owed_lamports: `${owed}`,
  fee_lamports: '5',
  cumulative_atomic: `${place}`,
});

test('what the gateway accepts but owes less for, or puts where something is, is disputed', () => {
  const ledger = booked(3);
  ledger.takeAnswer(gatewayUrl, {
    verdicts: [accepted('r1', 95n), accepted('r2', 180n, 85n), accepted('r3', 180n)],
    channel: channel.channel,
  });
  const { entries } = ledger.entries({ limit: 10 });
  expect(entries.map(({ requestId, state }) => [requestId, state])).toEqual([
    ['r3', 'disputed'],
    ['r2', 'disputed'],
    ['r1', 'agreed'],
  ]);
  expect(entries[1]?.disputeReason).toContain('owes 85 for it, not 95');
});

test('a refused voucher puts what it should cover into dispute, until a good one comes', () => {
  const ledger = booked(2);
  const word = { verdicts: [accepted('r1', 95n), accepted('r2', 190n)], channel: channel.channel, judge };
  ledger.takeAnswer(gatewayUrl, { ...word, voucher: voucherOf(100n) });
  expect(ledger.entries({ limit: 1 }).entries[0]).toMatchObject({
    state: 'disputed',
    disputeReason: 'The voucher is for 100; 90 more was accepted.',
  });
  expect(ledger.channel(channel.channel)).toMatchObject({ refusedCount: 1, voucheredAtomic: 0n });
  ledger.takeAnswer(gatewayUrl, { ...word, voucher: voucherOf(190n) });
  expect(ledger.entries({ limit: 1 }).entries[0]).toMatchObject({ state: 'vouchered', disputeReason: null });
});

test('answers that were lost may come late, in any order, and after they were paid', () => {
  const ledger = booked(3);
  const known = ledger.channel(channel.channel);
  const paid = payment(285n, 285n, known?.id ?? 0);
  ledger.payments.add(paid, 'confirmed');
  const seen = ledger.payments.payment(paid.id);
  if (!seen) throw new Error('it was added');
  ledger.payments.finalize(seen, { receivedAtomic: 285n, cumulativeAtomic: 285n, slot: 3 });
  ledger.takeAnswer(gatewayUrl, {
    verdicts: [accepted('r3', 285n), accepted('r1', 190n)],
    channel: channel.channel,
  });
  ledger.takeAnswer(gatewayUrl, { verdicts: [accepted('r2', 95n)], channel: channel.channel });
  expect(ledger.moneySums('localnet')).toMatchObject({ settledLamports: '285', differenceLamports: '0' });
});

test('a receipt that was accepted before the payout address changed stays in the channel it was put in', () => {
  const ledger = booked(2);
  const next = { ...channel, channel: bs58.encode(Buffer.alloc(32, 17)), payout: nativeMint };
  ledger.openChannel(next);
  const voucher = signVoucher(
    { channel: next.channel, cumulativeAtomic: 95n, expiresAt: BigInt(expiry++) },
    gateway,
  );
  ledger.takeAnswer(gatewayUrl, {
    verdicts: [accepted('r1', 5000n), accepted('r2', 95n)],
    channel: next.channel,
    voucher,
    judge,
  });
  expect(ledger.channel(next.channel)).toMatchObject({ reachedAtomic: 95n, voucheredAtomic: 95n });
  expect(ledger.channel(channel.channel)).toMatchObject({ reachedAtomic: 5000n });
});

test('neither a voucher nor a payment can be changed, doubled or taken back', () => {
  const file = freshFile();
  const ledger = open(file);
  ledger.openChannel(channel);
  ledger.append(newEntry('r1', 100n, { payer: 'p', network: 'localnet', gatewayUrl }));
  ledger.takeAnswer(gatewayUrl, {
    verdicts: [accepted('r1', 95n)],
    channel: channel.channel,
    voucher: voucherOf(95n),
    judge,
  });
  const paid = payment(95n, 95n, 1);
  expect(ledger.payments.add(paid, 'confirmed')).toBe(true);
  expect(ledger.payments.add({ ...paid, id: 'another' }, 'confirmed')).toBe(false);
  const seen = ledger.payments.payment(paid.id);
  if (!seen) throw new Error('it was added');
  ledger.payments.finalize(seen, { receivedAtomic: 95n, cumulativeAtomic: 95n, slot: 3 });
  const again = payment(95n, 95n, 1);
  ledger.payments.add(again, 'confirmed');
  const twice = ledger.payments.payment(again.id);
  if (!twice) throw new Error('it was added');
  expect(() =>
    ledger.payments.finalize(twice, { receivedAtomic: 95n, cumulativeAtomic: 95n, slot: 4 }),
  ).toThrow();
  expect(ledger.payments.payment(again.id)?.state).toBe('confirmed');
  expect(ledger.moneySums(null).settledLamports).toBe('95');
  ledger.close();
  const raw = new Database(file);
  for (const table of [
    'vouchers',
    'positions',
    'channels',
    'payments',
    'payment_states',
    'settlements',
    'claims',
  ]) {
    if (table !== 'claims') expect(() => raw.exec(`DELETE FROM ${table}`), table).toThrow(/append-only/);
    const column = table === 'payment_states' ? 'number' : 'rowid';
    if (table !== 'claims')
      expect(() => raw.exec(`UPDATE ${table} SET ${column} = 77`), table).toThrow(/append-only/);
  }
});

test('a ledger from before vouchers is taken over: its sums, its kinds, what waits for an answer', () => {
  const file = freshFile();
  const old = openDatabase(file, [entryTables, spendTables, trainedTable]);
  const insert = old.prepare(
    `INSERT INTO entries VALUES (?, ?, ?, ?, 'localnet', 'tiny', 'payer', 1, 2, ?, ?, 5, ?, ?)`,
  );
  const receipt = (id: string, price: bigint, seq: number) => {
    const { sign } = newEntry(id, price, { gatewayUrl });
    return JSON.stringify(sign?.(seq));
  };
  insert.run(1, 1000, 'r1', gatewayUrl, 100n, 5n, 1, receipt('r1', 100n, 1));
  insert.run(2, 2000, 'r2', gatewayUrl, 100n, 0n, null, null);
  insert.run(3, 3000, 'r3', gatewayUrl, 1000n, 50n, 2, receipt('r3', 1000n, 2));
  insert.run(4, 4000, 'r4', gatewayUrl, 500n, 15n, 3, receipt('r4', 500n, 3));
  old.exec(`INSERT INTO verdicts VALUES (3, 3500, 'agreed', NULL, 950)`);
  old.exec(`INSERT INTO trained VALUES (4, 'round-1', 'digits')`);
  old.exec(`INSERT INTO proxied VALUES (2, 'openai/x', 1, 500, 1, 40, 2, 0, 0)`);
  old.close();
  const ledger = open(file);
  expect(ledger.netByState()).toMatchObject({ earned: 580n, agreed: 950n, unattributed: 100n, disputed: 0n });
  expect(ledger.moneySums(null)).toMatchObject({ grossLamports: '1700', differenceLamports: '0' });
  expect(ledger.unanswered(gatewayUrl, 9).map(({ receipt: { request_id } }) => request_id)).toEqual([
    'r1',
    'r4',
  ]);
  expect(ledger.breakdown(0, 'type')).toMatchObject([
    { key: 'inference', jobs: 2, netLamports: '1045', costLamports: '0' },
    { key: 'training', jobs: 1, netLamports: '485' },
    { key: 'proxy', jobs: 1, netLamports: '100', costLamports: '40' },
  ]);
  checkSums(ledger);
  ledger.append(newEntry('r5', 100n, { gatewayUrl, network: 'localnet' }));
  checkSums(ledger);
});

test('two running sums that are wrong by as much in opposite ways are a difference all the same', () => {
  const file = freshFile();
  open(file).close();
  const raw = new Database(file);
  raw.exec(
    `INSERT INTO payers (gateway_url, network, payer, vouchered, settled) VALUES ('${gatewayUrl}', 'localnet', 'p', 5, -5)`,
  );
  raw.close();
  expect(open(file).moneySums('localnet').differenceLamports).toBe('10');
});
