import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Notice } from '#contract/notice.ts';
import { defaultSettings, type Settings } from '#contract/settings.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { newEntry } from '#testing/ledger-entries.ts';
import { type Ledger, openLedger } from './ledger/ledger.ts';
import { createNotices } from './notices.ts';
import { createSignal } from './signal.ts';

const gatewayUrl = 'http://127.0.0.1:1';

/** A host's ledger and notices over one folder; `restart` opens both again. */
function desk(settings: Partial<Settings> = {}, dir = mkdtempSync(join(tmpdir(), 'notices-'))) {
  const hands = createFakeClock();
  const ended = new AbortController();
  const ledger = openLedger(join(dir, 'node.db'), { clock: hands.clock });
  const wishes = createSignal({ ...defaultSettings, ...settings });
  const notices = createNotices({
    ledger,
    file: join(dir, 'notices.json'),
    settings: wishes,
    clock: hands.clock,
    signal: ended.signal,
  });
  return {
    ledger,
    wishes,
    async told(): Promise<Notice[]> {
      hands.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
      return notices.get();
    },
    restart() {
      ended.abort();
      ledger.close();
      return desk(settings, dir);
    },
  };
}

const book = (ledger: Ledger, requestId: string) => ledger.append(newEntry(requestId, 1040n));

const dispute = (ledger: Ledger, requestId: string) =>
  ledger.appendVerdict(gatewayUrl, {
    request_id: requestId,
    verdict: 'disputed',
    owed_lamports: '0',
    fee_lamports: '0',
  });

function pay(ledger: Ledger, id: string): void {
  ledger.payments.add(
    {
      id,
      signature: id,
      gatewayUrl,
      channelId: null,
      mode: 'unattributed',
      cumulativeAtomic: null,
      amountAtomic: 8_412_000n,
      mint: '1'.repeat(32),
      cluster: 'localnet',
      bytes: null,
      lastValidBlockHeight: null,
    },
    'submitted',
  );
  ledger.payments.enter(id, 'finalized');
}

test('the first earning, disputes and payouts are told once each, and not again after a restart', async () => {
  let node = desk();
  expect(await node.told()).toEqual([]);
  book(node.ledger, 'a');
  book(node.ledger, 'b');
  book(node.ledger, 'c');
  expect(await node.told()).toMatchObject([
    { kind: 'firstEarning', amount: '0.000 002 964', unit: 'test-credits' },
  ]);
  dispute(node.ledger, 'a');
  dispute(node.ledger, 'b');
  pay(node.ledger, 'payment-1');
  expect((await node.told()).slice(1)).toMatchObject([
    { kind: 'dispute', count: 2 },
    { kind: 'payout', amount: '0.008 412', unit: 'SOL' },
  ]);
  node = node.restart();
  book(node.ledger, 'd');
  expect(await node.told()).toEqual([]);
  dispute(node.ledger, 'd');
  expect(await node.told()).toMatchObject([{ kind: 'dispute', count: 1 }]);
});

test('what is switched off is not told, nor later when it is switched on', async () => {
  const node = desk({ notifyFirstEarning: false, notifyDispute: false });
  book(node.ledger, 'a');
  dispute(node.ledger, 'a');
  expect(await node.told()).toEqual([]);
  node.wishes.set({ ...node.wishes.get(), notifyFirstEarning: true, notifyDispute: true });
  book(node.ledger, 'b');
  expect(await node.told()).toEqual([]);
  dispute(node.ledger, 'b');
  expect(await node.told()).toMatchObject([{ kind: 'dispute', count: 1 }]);
});

test('a ledger that is older than the notices tells nothing of its past', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'notices-'));
  const before = openLedger(join(dir, 'node.db'), { clock: createFakeClock().clock });
  book(before, 'a');
  dispute(before, 'a');
  before.close();
  const node = desk({}, dir);
  book(node.ledger, 'b');
  expect(await node.told()).toEqual([]);
});
