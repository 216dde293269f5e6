import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SettingsPatch } from '#contract/settings.ts';
import { createGateway, type Gateway } from '#gateway/gateway.ts';
import { besideOthers } from '#testing/beside-others.ts';
import { startDisputingTap } from '#testing/disputing-tap.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { launchDesktop, quitDesktop, stopDisplay } from './harness/desktop.ts';
import { answerSaveDialog, noteNotifications, type ShownNotification } from './harness/native.ts';
import { freshProfile } from './harness/places.ts';

/** What the desktop app has the system do: notifications and the dialog for saving, with a real node that earns from a real gateway. */
let gateway: Gateway;
let tap: Awaited<ReturnType<typeof startDisputingTap>>;
let profile: string;
let app: ElectronApplication;
let page: Page;
let shown: () => Promise<ShownNotification[]>;

const firstEarning = {
  title: 'First earning',
  body: expect.stringMatching(/^Your node has earned its first 0\.[\d ]+ test credits\.$/),
};
const dispute = { title: 'Something is disputed', body: 'One more is disputed. The Earnings page says why.' };

async function launch(change: SettingsPatch = {}): Promise<void> {
  profile = freshProfile();
  const settings: SettingsPatch = {
    ...besideOthers,
    onboarded: true,
    apiPort: 0,
    servedModels: ['tiny-chat-Q8_0'],
    network: { kind: 'gateway', url: tap.url },
    payoutAddress: newWalletOwner().address,
    startEarningOnLaunch: true,
    ...change,
  };
  writeFileSync(join(profile, 'settings.json'), JSON.stringify(settings));
  await open();
}
async function open(): Promise<void> {
  ({ app, page } = await launchDesktop(profile));
  shown = await noteNotifications(app);
  await page.getByText('Earning', { exact: true }).waitFor({ timeout: 60_000 });
}

/** What the host has written down as told. */
const told = (): { firstEarning: boolean; disputes: number } | null => {
  const file = join(profile, 'notices.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
};
/** A request, until the gateway has answered to its receipt. */
async function serve(): Promise<void> {
  const before = count('entries');
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-payer', 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'tiny-chat-Q8_0',
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
      max_tokens: 16,
    }),
  });
  expect(response.status, await response.text()).toBe(200);
  await expect.poll(() => [count('entries'), count('open_entries')]).toEqual([before + 1, 0]);
}
async function disputeOne(): Promise<void> {
  const before = told()?.disputes ?? 0;
  tap.dispute(true);
  await serve();
  tap.dispute(false);
  await expect.poll(() => told()?.disputes).toBe(before + 1);
}
function read<T>(work: (ledger: Database.Database) => T): T {
  const ledger = new Database(join(profile, 'node.db'), { readonly: true });
  try {
    return work(ledger);
  } finally {
    ledger.close();
  }
}
const count = (table: string) =>
  read((ledger) => ledger.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get() as number);
async function turn(name: string, on: boolean): Promise<void> {
  const setting = page.getByRole('checkbox', { name });
  await setting.click();
  await expect.poll(() => setting.isChecked()).toBe(on);
}

beforeAll(async () => {
  gateway = await createGateway({
    port: 0,
    host: '127.0.0.1',
    dataDir: mkdtempSync(join(tmpdir(), 'solanalm-gateway-')),
    testRequestsPerMinute: 0,
  });
  tap = await startDisputingTap(gateway.url);
  await launch();
}, 400_000);
afterAll(async () => {
  await app?.close().catch(() => {});
  await tap?.close();
  await gateway?.close();
  stopDisplay();
});

test('the first earning and each dispute are shown by the system, once', async () => {
  expect(await app.evaluate(({ Notification }) => Notification.isSupported())).toBe(true);
  await serve();
  await expect.poll(shown).toEqual([firstEarning]);
  await serve();
  await disputeOne();
  await expect.poll(shown).toEqual([firstEarning, dispute]);
});

test('switched off under Settings, a dispute is not shown; switched on again, the next one is', async () => {
  await page.getByRole('link', { name: 'Settings' }).click();
  await turn('Tell disputes', false);
  await disputeOne();
  await turn('Tell disputes', true);
  await disputeOne();
  await expect.poll(shown).toEqual([firstEarning, dispute, dispute]);
});

test('the export goes where the dialog says, with every entry of the ledger', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'solanalm-export-')), 'mine.csv');
  const proposed = await answerSaveDialog(app, file);
  await page.getByRole('link', { name: 'Earnings' }).click();
  await page.getByRole('button', { name: 'Export CSV' }).click();
  await expect.poll(() => existsSync(file)).toBe(true);
  expect(await proposed()).toEqual([expect.stringMatching(/^solanalm-earnings-\d{4}-\d\d-\d\d\.csv$/)]);

  const entries = read((ledger) =>
    ledger
      .prepare('SELECT id, request_id AS requestId, price_lamports AS price FROM entries ORDER BY id')
      .all(),
  );
  expect(entries).toHaveLength(5);
  const [head = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\r\n');
  const names = head.split(',');
  const exported = lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, index) => [names[index], cell])),
  );
  expect(
    exported.map(({ id, requestId, priceLamports }) => ({
      id: Number(id),
      requestId,
      price: Number(priceLamports),
    })),
  ).toEqual(entries);
  expect(exported.map(({ state }) => state)).toEqual([
    'vouchered',
    'vouchered',
    'disputed',
    'disputed',
    'disputed',
  ]);
});

test('a dialog that is closed writes nothing and is no error', async () => {
  const proposed = await answerSaveDialog(app, null);
  const before = readdirSync(profile);
  await page.getByRole('button', { name: 'Export CSV' }).click();
  await expect.poll(async () => (await proposed()).length).toBe(1);
  await page.getByRole('button', { name: 'Export CSV', disabled: false }).waitFor();
  expect(readdirSync(profile)).toEqual(before);
  expect(await page.getByRole('alert').count()).toBe(0);
});

test.runIf(process.platform === 'linux')(
  'a folder that may not be written to is named, with what to do',
  async () => {
    // Nobody creates files there, root neither.
    await answerSaveDialog(app, '/sys/earnings.csv');
    await page.getByRole('button', { name: 'Export CSV' }).click();
    await page.getByText(/^earnings\.csv could not be written to \/sys \(E\w+\)\.$/).waitFor();
    await page.getByText('Choose another folder. Nothing was written.').waitFor();
    const file = join(mkdtempSync(join(tmpdir(), 'solanalm-export-')), 'again.csv');
    await answerSaveDialog(app, file);
    await page.getByRole('button', { name: 'Export CSV' }).click();
    await expect.poll(() => existsSync(file)).toBe(true);
    await page.getByRole('alert').waitFor({ state: 'hidden' });
  },
);

test('after a restart the first earning is not shown again', async () => {
  await quitDesktop(app);
  await open();
  await serve();
  await disputeOne();
  await expect.poll(shown).toEqual([dispute]);
});

test('switched off, the first earning is not shown', async () => {
  await quitDesktop(app);
  await launch({ notifyFirstEarning: false });
  await serve();
  await expect.poll(() => told()?.firstEarning).toBe(true);
  await disputeOne();
  await expect.poll(shown).toEqual([dispute]);
});
