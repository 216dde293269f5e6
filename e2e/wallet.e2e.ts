import type { Browser, ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bridge } from '#contract/bridge.ts';
import type { Result } from '#contract/result.ts';
import { phantomLink } from '#contract/settlement/phone-mail.ts';
import { signInText } from '#contract/settlement/sign-in-text.ts';
import type { SignInRequest, WalletAnswer, WalletQuestion, WalletWay } from '#contract/wallet.ts';
import type { WalletManner } from '#testing/test-wallet/test-wallet.ts';
import { testWalletOptions } from '#testing/test-wallet/test-wallet-options.ts';
import { launchChromium } from './harness/chromium.ts';
import { launchDesktop, stopDisplay } from './harness/desktop.ts';
import { openOnPhone, scan, startPhoneRelay } from './harness/phone.ts';
import { freshProfile } from './harness/places.ts';
import { openTab as openTabIn, proceed, tabTitle as title, walletTabs } from './harness/wallet-tabs.ts';

/** The desktop app asks, and a wallet in a Chromium beside it answers: the system's browser is a script that notes the link. */
const timeoutMs = 15_000;
const profile = freshProfile();
const { env, nextLink } = walletTabs(profile, timeoutMs);
const own = testWalletOptions(new Uint8Array(32).fill(5));
let app: ElectronApplication;
let page: Page;
let browser: Browser;

beforeAll(async () => {
  [{ app, page }, browser] = await Promise.all([launchDesktop(profile, { env }), launchChromium()]);
  await page.getByRole('button', { name: 'Skip' }).waitFor({ timeout: 30_000 });
}, 400_000);
afterAll(async () => {
  await browser?.close();
  await app?.close().catch(() => {});
  stopDisplay();
});

const openTab = (link: string, manner?: WalletManner) => openTabIn(browser, link, own, manner);
const dialog = () => page.getByRole('dialog');

async function askForAddress(): Promise<string> {
  await page.getByRole('button', { name: 'Take it from a wallet' }).click();
  await dialog().getByText('Phantom (in your browser)').waitFor();
  await dialog().getByRole('button', { name: 'Ask the wallet' }).click();
  await dialog().getByText('Confirm in your browser …').waitFor();
  return nextLink();
}

const signIn: SignInRequest = {
  statement: 'Let the key of this node act.',
  uri: 'https://gateway.example',
  version: '1',
  chainId: 'devnet',
  nonce: 'a1b2c3d4e5',
  issuedAt: '2026-11-26T10:00:00.000Z',
  expirationTime: '2026-12-26T10:00:00.000Z',
  resources: ['urn:solanalm:node-key:abc'],
};

const request = (name: string, input: object) =>
  page.evaluate(
    (asked) => (globalThis as unknown as { bridge: Bridge }).bridge.request(asked.name, asked.input),
    { name, input },
  );
const ask = (question: WalletQuestion, via: WalletWay = 'browser') =>
  request('shell.askWallet', { question, via }) as Promise<Result<WalletAnswer>>;

test('the wallet says no: the app tells it, and asks again when it is told to', async () => {
  const tab = await openTab(await askForAddress(), 'reject');
  await proceed(tab);
  await title(tab, 'Declined');
  await dialog().getByText('The wallet said no').waitFor();
  await dialog().getByRole('button', { name: 'Try again' }).click();
  const again = await openTab(await nextLink());
  await again.getByRole('button', { name: 'Decline' }).click();
  await dialog().getByText('The wallet said no').waitFor();
  await page.keyboard.press('Escape');
});

test('nobody answers: after a while the app says so, and the link is dead', async () => {
  const link = await askForAddress();
  await dialog()
    .getByText('The wallet did not answer in time')
    .waitFor({ timeout: timeoutMs + 5000 });
  await expect(fetch(link)).rejects.toThrow();
  await page.keyboard.press('Escape');
});

test('what the app takes back is over in the tab too', async () => {
  const tab = await openTab(await askForAddress());
  await title(tab, 'Show your wallet’s address');
  await dialog().getByRole('button', { name: 'Cancel' }).click();
  await dialog().getByRole('button', { name: 'Ask the wallet' }).waitFor();
  await proceed(tab);
  await title(tab, 'This link is no longer good');
  await page.keyboard.press('Escape');
});

test('connect: by the copied link in another browser, the address comes into the setup', async () => {
  const opened = await askForAddress();
  await dialog().getByRole('button', { name: 'Copy link' }).click();
  await dialog().getByText('Copied').waitFor();
  const copied = await app.evaluate(({ clipboard }) => clipboard.readText());
  expect(copied).toBe(opened);
  const tab = await openTab(copied);
  await proceed(tab);
  await title(tab, 'Done');
  await dialog().waitFor({ state: 'detached' });
  expect(await page.getByLabel('Payout address').inputValue()).toBe(own.address);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('heading', { level: 1, name: 'Which network?' }).waitFor();
});

test('sign in: the shell hands over a text that is exactly what was asked, signed for the page’s host', async () => {
  const answer = ask({ op: 'signIn', summary: 'Sign in.', request: signIn });
  const link = await nextLink();
  const tab = await openTab(link);
  await proceed(tab);
  await title(tab, 'Done');
  const result = await answer;
  if (!result.ok || result.data.op !== 'signIn') return expect.fail(JSON.stringify(result));
  const { address, signed_message } = result.data.delegation;
  const text = signInText({ domain: new URL(link).host, address, ...signIn });
  expect(Buffer.from(signed_message, 'base64').toString()).toBe(text);
  expect(address).toBe(own.address);

  const altered = ask({ op: 'signIn', summary: 'Sign in.', request: signIn });
  const other = await openTab(await nextLink(), 'alter');
  await proceed(other);
  await title(other, 'The app did not accept this');
  expect(await altered).toMatchObject({ ok: false, error: { code: 'wallet/bad-signature' } });
});

test('on a phone: its camera reads the code, Phantom opens the page, and the address and a sign-in come back', async () => {
  const relay = await startPhoneRelay();
  try {
    await page.getByRole('button', { name: 'Back' }).click();
    await page.getByLabel('Payout address').fill('');
    await page.getByRole('button', { name: 'Take it from a wallet' }).click();
    await dialog().getByText('Phantom (in your browser)').waitFor();
    expect(await dialog().getByText('Phantom (on your phone)').count()).toBe(0);
    await request('settings.update', { phoneRelayUrl: relay.address });
    await dialog().getByText('Phantom (on your phone)').click();
    await dialog().getByRole('button', { name: 'Ask the wallet' }).click();
    const code = dialog().getByRole('img', { name: 'Code with the link for Phantom on a phone' });
    await code.waitFor();
    const phone = await openOnPhone(browser, await scan(code), own);
    await proceed(phone);
    await title(phone, 'Done');
    await dialog().waitFor({ state: 'detached' });
    expect(await page.getByLabel('Payout address').inputValue()).toBe(own.address);

    const answer = ask({ op: 'signIn', summary: 'Sign in.', request: signIn }, 'phone');
    await expect.poll(() => request('shell.walletLink', {})).toMatchObject({ data: { via: 'phone' } });
    const { data: link } = (await request('shell.walletLink', {})) as { data: { url: string } };
    const other = await openOnPhone(browser, phantomLink(link.url), own);
    await proceed(other);
    await title(other, 'Done');
    const result = await answer;
    if (!result.ok || result.data.op !== 'signIn') return expect.fail(JSON.stringify(result));
    const { address, signed_message } = result.data.delegation;
    const text = signInText({ domain: new URL(relay.url).host, address, ...signIn });
    expect(Buffer.from(signed_message, 'base64').toString()).toBe(text);
  } finally {
    await relay.close();
  }
  expect(await ask({ op: 'connect', summary: '' }, 'phone')).toMatchObject({
    ok: false,
    error: { code: 'wallet/relay-unreachable' },
  });
});
