import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bridge } from '#contract/bridge.ts';
import type { CallName, CallOutput } from '#contract/calls.ts';
import type { SettingsPatch } from '#contract/settings.ts';
import { besideOthers } from '#testing/beside-others.ts';
import { openPaidNetwork, type PaidNetwork } from '#testing/paid-network.ts';
import type { WalletManner } from '#testing/test-wallet/test-wallet.ts';
import { testWalletOptions } from '#testing/test-wallet/test-wallet-options.ts';
import { launchChromium } from './harness/chromium.ts';
import { launchDesktop, stopDisplay } from './harness/desktop.ts';
import { noteNotifications, type ShownNotification } from './harness/native.ts';
import { openOnPhone, scan, startPhoneRelay } from './harness/phone.ts';
import { freshProfile } from './harness/places.ts';
import { openTab as openTabIn, proceed, tabTitle, walletTabs } from './harness/wallet-tabs.ts';

/** The desktop app with its node, a gateway that pays on a real VM, and a wallet in a Chromium beside it that signs for real. */
const timeoutMs = 15_000;
const atFirst = 2_000_000n;
const profile = freshProfile();
const { env, nextLink } = walletTabs(profile, timeoutMs);
const own = testWalletOptions(new Uint8Array(32).fill(11));
let network: PaidNetwork;
let app: ElectronApplication;
let page: Page;
let browser: Browser;
let shown: () => Promise<ShownNotification[]>;

beforeAll(async () => {
  network = await openPaidNetwork(mkdtempSync(join(tmpdir(), 'solanalm-paid-')));
  // For the network's fee of a claim.
  network.chain.airdrop(own.address, atFirst);
  const settings: SettingsPatch = {
    ...besideOthers,
    onboarded: true,
    apiPort: 0,
    servedModels: ['tiny-chat-Q8_0'],
    network: { kind: 'gateway', url: network.gateway.url },
    solanaRpcUrls: [network.chain.url],
    payoutBy: 'claim',
    pricePerRequestLamports: '1000000',
  };
  writeFileSync(join(profile, 'settings.json'), JSON.stringify(settings));
  [{ app, page }, browser] = await Promise.all([launchDesktop(profile, { env }), launchChromium()]);
  shown = await noteNotifications(app);
  await page.getByRole('link', { name: 'Earnings' }).click();
  await card().waitFor({ timeout: 30_000 });
}, 400_000);
afterAll(async () => {
  await browser?.close();
  await app?.close().catch(() => {});
  await network?.close();
  stopDisplay();
});

const card = () => page.locator('section').filter({ has: page.getByRole('heading', { name: 'Wallet' }) });
const dialog = () => page.getByRole('dialog');
const press = (name: string) => dialog().getByRole('button', { name, exact: true }).click();
const openTab = (link: string, manner?: WalletManner) => openTabIn(browser, link, own, manner);
const held = () => network.chain.lamportsOf(own.address);
const call = <N extends CallName>(name: N, input: object = {}): Promise<CallOutput<N>> =>
  page.evaluate(
    async (asked) => {
      const { bridge } = globalThis as unknown as { bridge: Bridge };
      const answer = (await bridge.request(asked.name, asked.input)) as { data: CallOutput<N> };
      return answer.data;
    },
    { name, input },
  );

async function serve(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const response = await fetch(`${network.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-payer', 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'tiny-chat-Q8_0',
        messages: [{ role: 'user', content: `What is ${index} + 1?` }],
        max_tokens: 24,
      }),
    });
    expect(response.status, await response.text()).toBe(200);
  }
  // Its receipts are on their way still.
  await expect
    .poll(() => call('payers.list'), { timeout: 30_000 })
    .toEqual([
      expect.objectContaining({
        unvoucheredLamports: '0',
        unsettledLamports: expect.not.stringMatching(/^0$/),
      }),
    ]);
}

async function expectNothingPaid(): Promise<void> {
  expect(held()).toBe(atFirst);
  expect(await call('payouts.list')).toEqual([]);
}

test('connect and sign in: one signature in the browser binds the wallet, and the node earns for it', async () => {
  await card().getByRole('button', { name: 'Connect wallet' }).click();
  await dialog().getByText('Phantom (in your browser)').waitFor();
  await press('Sign in');
  const declining = await openTab(await nextLink(), 'reject');
  await proceed(declining);
  await tabTitle(declining, 'Declined');
  await dialog().getByText('The wallet said no').waitFor();
  expect(await call('settings.get')).toMatchObject({ payoutAddress: null });

  await press('Try again');
  const tab = await openTab(await nextLink());
  await tab.getByText(network.gateway.url).first().waitFor();
  await proceed(tab);
  await tabTitle(tab, 'Done');
  await dialog().getByText('Connected until').waitFor();
  await press('Done');
  await card().getByText('Connected', { exact: true }).waitFor();

  await page.getByRole('link', { name: 'Dashboard' }).click();
  await page.getByRole('button', { name: 'Start earning' }).click();
  await page.getByText('Earning', { exact: true }).waitFor({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Earnings' }).click();
  await card().getByText('Local chain · no real money').waitFor();
  await serve(3);
  await expectNothingPaid();
});

test('claim: a no, an altered transaction and no answer at all change nothing', async () => {
  await card().getByRole('button', { name: 'Claim payout' }).click();
  await dialog().getByText('Tried out on the chain: it would go through.').waitFor();
  await press('Sign in the wallet');
  const declining = await openTab(await nextLink(), 'reject');
  await proceed(declining);
  await tabTitle(declining, 'Declined');
  await dialog().getByText('The wallet said no').waitFor();
  await expectNothingPaid();

  await press('Try again');
  const altering = await openTab(await nextLink(), 'alter');
  await proceed(altering);
  await tabTitle(altering, 'The app did not accept this');
  await dialog().getByText('The transaction is not the one that was asked for').waitFor();
  await expectNothingPaid();

  await press('Try again');
  await nextLink();
  await dialog()
    .getByText('The wallet did not answer in time')
    .waitFor({ timeout: timeoutMs + 5000 });
  await expectNothingPaid();
  await page.keyboard.press('Escape');
});

/** Claims what is owed, signs it and waits until it is paid for good. */
async function claim(): Promise<void> {
  await card().getByRole('button', { name: 'Claim payout' }).click();
  await dialog().getByText('Tried out on the chain: it would go through.').waitFor();
  await press('Sign in the wallet');
  const tab = await openTab(await nextLink());
  await proceed(tab);
  await tabTitle(tab, 'Done');
  await dialog().getByText('Paid, for good.').waitFor({ timeout: 60_000 });
  await press('Done');
}

test('claim again: the wallet signs, the chain pays, and the app and the system show it as final', async () => {
  await claim();
  const [payment, ...others] = await call('payouts.list');
  expect(others).toEqual([]);
  expect(payment).toMatchObject({ mode: 'claim', state: 'finalized', reason: null });
  const { feeLamports = -1 } = network.chain.ledger.transaction(payment?.signature ?? '') ?? {};
  expect(held() - atFirst).toBe(BigInt(payment?.amountAtomic ?? -1) - BigInt(feeLamports));
  const payouts = page.getByRole('list', { name: 'Payouts' });
  await payouts.getByText('claimed by you').waitFor();
  await payouts.getByText('Paid', { exact: true }).waitFor();

  await card().getByRole('button', { name: 'Claim payout' }).click();
  await dialog().getByText('Too little to be paid out yet').waitFor();
  await page.keyboard.press('Escape');
  await expect
    .poll(async () => (await shown()).filter(({ title }) => title === 'Payout arrived'))
    .toEqual([
      { title: 'Payout arrived', body: `${solOf(payment?.amountAtomic)} SOL are in your wallet for good.` },
    ]);
});

test('switched off, the next payout is not shown by the system', async () => {
  const before = await shown();
  await call('settings.update', { notifyPayout: false });
  await serve(3);
  await claim();
  expect(await call('payouts.list')).toHaveLength(2);
  // Counts as told.
  const told = () => JSON.parse(readFileSync(join(profile, 'notices.json'), 'utf8')).payments.length;
  await expect.poll(told).toBe(2);
  expect(await shown()).toEqual(before);
});

test('claimed on a phone: the relay is set, the code is scanned, and what the phone signs is paid', async () => {
  const relay = await startPhoneRelay();
  try {
    await page.getByRole('link', { name: 'Settings' }).click();
    const field = page.getByLabel('Relay for a wallet on a phone');
    await field.fill('http://relay.example/key-of-the-relay-1');
    await field.press('Tab');
    await page.getByText('the address that the relay told').waitFor();
    await field.fill(relay.address);
    await field.press('Tab');
    await expect.poll(async () => (await call('settings.get')).phoneRelayUrl).toBe(relay.address);
    await page.getByRole('link', { name: 'Earnings' }).click();
    await serve(3);
    await card().getByRole('button', { name: 'Claim payout' }).click();
    await dialog().getByText('Tried out on the chain: it would go through.').waitFor();
    await dialog().getByText('Phantom (on your phone)').click();
    await press('Sign in the wallet');
    const code = dialog().getByRole('img', { name: 'Code with the link for Phantom on a phone' });
    await code.waitFor();
    const phone = await openOnPhone(browser, await scan(code), own);
    await phone.getByText('Local chain: no real money').waitFor();
    await proceed(phone);
    await tabTitle(phone, 'Done');
    await dialog().getByText('Paid, for good.').waitFor({ timeout: 60_000 });
    await press('Done');
  } finally {
    await relay.close();
  }
  expect(await call('payouts.list')).toHaveLength(3);
});

/** Lamports as SOL, in groups of three after the point, without zeros at the end. */
function solOf(lamports = '0'): string {
  const [whole, fraction = ''] = (Number(lamports) / 1e9).toString().split('.');
  return `${whole}.${fraction.replace(/(\d{3})(?=\d)/g, '$1 ')}`;
}
