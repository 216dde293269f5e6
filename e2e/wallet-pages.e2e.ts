import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { installTestWallet } from '#testing/test-wallet/test-wallet.ts';
import { testWalletOptions } from '#testing/test-wallet/test-wallet-options.ts';
import { launchChromium } from './harness/chromium.ts';
import { scan } from './harness/phone.ts';
import { screenshot } from './harness/places.ts';
import { type PreviewPages, servePreview } from './harness/preview-pages.ts';
import { seriousFaults } from './harness/serious-faults.ts';

/** The wallet's card and its questions on sample data, with the bridge to a browser that answers as the address says. */
const own = testWalletOptions(new Uint8Array(32).fill(9));
const newAddress = '9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin';
let pages: PreviewPages;
let browser: Browser;
let page: Page;
let problems: string[];

beforeAll(async () => {
  [pages, browser] = await Promise.all([servePreview(), launchChromium()]);
});
afterEach(() => page?.context().close());
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

async function open(wish: string, options: BrowserContextOptions & { withWallet?: boolean } = {}) {
  const { withWallet = false, ...rest } = options;
  const context = await browser.newContext({
    viewport: { width: 1400, height: 900 },
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...rest,
  });
  if (withWallet) await context.addInitScript(installTestWallet, own);
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(pages.url(wish));
}

const card = () => page.locator('section').filter({ has: page.getByRole('heading', { name: 'Wallet' }) });
const button = (name: string) => page.getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');
const press = (name: string) => dialog().getByRole('button', { name, exact: true }).click();

async function expectSound(what: string): Promise<void> {
  expect(await seriousFaults(page), what).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
}

test('each state says what it means and offers what can be done, in both themes and a small window', async () => {
  for (const [state, cluster, words, offered] of [
    ['none', '', 'Nobody is paid yet', 'Enter an address'],
    ['view-only', '', 'View only', 'Connect wallet'],
    ['connected', '&cluster=mainnet-beta', 'Mainnet · real money', 'Claim payout'],
    ['renewal-due', '&cluster=devnet', 'Renew soon', 'Renew'],
    ['expired', '&cluster=localnet', 'Expired', 'Renew'],
  ] as const)
    for (const theme of ['light', 'dark'] as const) {
      await open(`theme=${theme}&wallet=${state}${cluster}${cluster && '&money=sol'}&desktop#/earnings`, {
        viewport: { width: theme === 'light' ? 900 : 1400, height: 900 },
      });
      await card().getByText(words, { exact: true }).waitFor();
      await card().getByRole('button', { name: offered }).waitFor();
      await expectSound(`${state} ${theme}`);
      await card().scrollIntoViewIfNeeded();
      if (process.env.PICTURES)
        await page.screenshot({ path: `${process.env.PICTURES}/card-${state}-${theme}.png` });
      if (state === 'connected') await page.screenshot({ path: screenshot(`wallet-${theme}`) });
      await page.context().close();
    }
}, 180_000);

test('receipts that are kept back are told with their reason, on the card and on the dashboard', async () => {
  for (const [theme, width] of [
    ['light', 900],
    ['dark', 1400],
  ] as const) {
    const wish = `theme=${theme}&wallet=connected&cluster=devnet&receipts-kept&desktop`;
    await open(`${wish}#/earnings`, { viewport: { width, height: 900 } });
    await card().getByText('The gateway would book your work elsewhere').waitFor();
    await expectSound(`kept ${theme}`);
    await card().getByRole('button', { name: 'Revoke' }).scrollIntoViewIfNeeded();
    if (process.env.PICTURES)
      await page.screenshot({ path: `${process.env.PICTURES}/card-kept-${theme}.png` });
    await page.context().close();
    await open(`${wish}#/dashboard`, { viewport: { width, height: 900 } });
    await page.getByText('so it is not given your receipts').waitFor();
    if (process.env.PICTURES) {
      await page.getByText('so it is not given your receipts').scrollIntoViewIfNeeded();
      await page.screenshot({ path: `${process.env.PICTURES}/dashboard-kept-${theme}.png` });
    }
    await page.context().close();
  }
}, 120_000);

test('a payer at its limit says which; what it disputes is written off after one more question', async () => {
  for (const [theme, width] of [
    ['light', 900],
    ['dark', 1400],
  ] as const) {
    await open(`theme=${theme}&money=sol&wallet=connected&cluster=devnet&desktop#/earnings`, {
      viewport: { width, height: 900 },
    });
    await page.getByText('These sums are of SOL (devnet) alone.').waitFor();
    const list = page.getByRole('list', { name: 'Served on credit, SOL' });
    const row = list.getByRole('listitem').filter({ hasText: '9WzD' });
    await row.getByText('At its limit: no voucher').waitFor();
    await row.getByText('0.001 995 disputed, counts as owed').waitFor();
    expect(await list.getByRole('button', { name: /^Write off/ }).count()).toBe(1);
    await row.scrollIntoViewIfNeeded();
    await expectSound(`payers ${theme}`);
    if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/payers-${theme}.png` });
    await row.getByRole('button', { name: 'Write off what 9WzD…AWWM disputes' }).click();
    const question = page.getByRole('alertdialog');
    await question.getByText('0.001 995 SOL of 9WzD…AWWM then count to its credit no more').waitFor();
    await expectSound(`write-off ${theme}`);
    if (process.env.PICTURES)
      await page.screenshot({ path: `${process.env.PICTURES}/write-off-${theme}.png` });
    await question.getByRole('button', { name: 'Keep' }).click();
    await row.getByText('0.001 995 disputed, counts as owed').waitFor();
    await row.getByRole('button', { name: /^Write off/ }).click();
    await question.getByRole('button', { name: 'Write off' }).click();
    await row.getByText('0.001 995 written off').waitFor();
    await row.getByText('At its limit: no voucher').waitFor({ state: 'detached' });
    expect(await row.getByRole('button', { name: /^Write off/ }).count()).toBe(0);
    expect(problems).toEqual([]);
    await page.context().close();
  }
}, 120_000);

test('all three limits of credit are under Settings', async () => {
  for (const [theme, width] of [
    ['light', 900],
    ['dark', 1400],
  ] as const) {
    await open(`theme=${theme}&desktop#/settings`, { viewport: { width, height: 900 } });
    for (const name of ['Credit without a voucher', 'Credit without payment', 'Credit for a gateway'])
      await page.getByText(name, { exact: true }).waitFor();
    await page.getByText('Credit for a gateway', { exact: true }).scrollIntoViewIfNeeded();
    await expectSound(`limits ${theme}`);
    if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/limits-${theme}.png` });
    await page.context().close();
  }
});

test('sign in over the browser: the wait can be copied and cancelled, then the answer connects', async () => {
  await open('wallet=view-only&desktop&browser=silent#/earnings');
  await button('Connect wallet').click();
  await dialog().getByText('Phantom (in your browser)').waitFor();
  await expectSound('the choice of a wallet');
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/dialog-choice.png` });
  await press('Sign in');
  await dialog().getByText('Confirm in your browser …').waitFor();
  await dialog()
    .getByText(/^[45]:\d\d left$/)
    .waitFor();
  await press('Copy link');
  await dialog().getByText('Copied').waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('http://127.0.0.1:43117/w/');
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/dialog-waiting.png` });
  await expectSound('the wait');
  await press('Cancel');
  await dialog().getByRole('button', { name: 'Sign in' }).waitFor();
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
  await page.context().close();

  await open('wallet=view-only&desktop#/earnings');
  await button('Connect wallet').click();
  await press('Sign in');
  await dialog().getByText('Connected until').waitFor();
  await press('Done');
  await card().getByText('Connected', { exact: true }).waitFor();
  expect(problems).toEqual([]);
});

test('the wallet’s no is said with its words, and can be tried again', async () => {
  await open('wallet=view-only&desktop&browser=rejects#/earnings');
  await button('Connect wallet').click();
  await press('Sign in');
  await dialog().getByText('Phantom: User rejected the request.').waitFor();
  await dialog().getByText('Nothing was changed. Ask again when you are ready.').waitFor();
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/dialog-rejected.png` });
  await dialog().getByRole('button', { name: 'Try again' }).waitFor();
});

test('another payout address: asked twice, shown by its ends, and signed by the wallet in use', async () => {
  await open('wallet=connected&cluster=devnet&desktop&theme=light#/settings', {
    viewport: { width: 900, height: 900 },
  });
  await button('Change').click();
  await dialog().getByLabel('New address').fill(newAddress);
  await press('Next');
  await dialog().getByText('9xQe', { exact: true }).waitFor();
  await dialog().getByText('VFin', { exact: true }).waitFor();
  await dialog().getByText('7xKX', { exact: true }).waitFor();
  await expectSound('the comparison');
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/dialog-compare.png` });
  await press('Yes, this is mine');
  const confirm = dialog().getByRole('button', { name: 'Pay to this address' });
  await dialog().getByLabel('Last four characters of the new address').fill('vfin');
  expect(await confirm.isDisabled()).toBe(true);
  await dialog().getByLabel('Last four characters of the new address').fill('VFin');
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/dialog-retype.png` });
  await confirm.click();
  await dialog().getByText('The wallet that is connected now, 7xKX…gAsU, has to agree.').waitFor();
  await press('Sign the change');
  await dialog().getByText('Earnings are paid to 9xQe…VFin from now on.').waitFor();
  await press('Done');
  await page.getByText('9xQe…VFin').waitFor();
  expect(problems).toEqual([]);
});

test('an address that no wallet signs for is warned of, and one that is none refused', async () => {
  await open('wallet=none&desktop#/settings');
  await button('Enter an address').click();
  await dialog().getByLabel('New address').fill('abc');
  await press('Next');
  await dialog().getByText('Nobody can be paid at this address').waitFor();
  await dialog().getByLabel('New address').fill('PhoeNiXZ8ByJGLkxNfZRnkUfjvmuYqLR89jjFHGqdXY');
  await press('Next');
  await dialog().getByText('No wallet signs for this address').waitFor();
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/dialog-warning.png` });
  await press('Yes, pay there anyway');
  await dialog().getByText('Earnings are paid to Phoe…qdXY from now on.').waitFor();
});

test('an address where nobody gets what is paid is refused', async () => {
  await open('wallet=none&desktop#/settings');
  await button('Enter an address').click();
  await dialog().getByLabel('New address').fill('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
  await press('Next');
  await dialog().getByText('This is a program or a token, not a wallet').waitFor();
  expect(await dialog().getByRole('button', { name: 'Yes, pay there anyway' }).isDisabled()).toBe(true);
});

test('a payout is read before it is signed, and followed until it is final', async () => {
  await open('wallet=connected&cluster=devnet&desktop#/earnings');
  await button('Claim payout').click();
  await dialog().getByText('0.008 412 SOL').waitFor();
  await dialog().getByText('Devnet · no real money').waitFor();
  await dialog().getByText('Tried out on the chain: it would go through.').waitFor();
  await expectSound('the claim');
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/dialog-claim.png` });
  await press('Sign in the wallet');
  await dialog().getByText('The transaction is sent.').waitFor();
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/dialog-sent.png` });
  await dialog().getByText('Paid, for good.').waitFor();
  const link = dialog().getByRole('link', { name: /in the explorer/ });
  expect(await link.getAttribute('href')).toMatch(
    /^https:\/\/explorer\.solana\.com\/tx\/5VER\w+\?cluster=devnet$/,
  );
  expect(problems).toEqual([]);
});

test('in a browser its own wallets are asked directly, and nothing without a press', async () => {
  await open('wallet=view-only#/earnings', { withWallet: true });
  await button('Connect wallet').click();
  await dialog().getByText('Phantom', { exact: true }).waitFor();
  expect(await dialog().getByText('Phantom (in your browser)').count()).toBe(0);
  const asked = () =>
    page.evaluate(() => (globalThis as never as { testWallet: { asked: number } }).testWallet.asked);
  expect(await asked()).toBe(0);
  await press('Sign in');
  // It is another wallet than the one that is paid.
  await press('Yes, this is mine');
  await dialog().getByText('Connected until').waitFor();
  expect(await asked()).toBe(1);
  expect(problems).toEqual([]);
  await page.context().close();
  await open('wallet=view-only#/earnings');
  await button('Connect wallet').click();
  await dialog().getByText('This browser has no Solana wallet.').waitFor();
});

test('the setup takes an address from a wallet', async () => {
  await open('onboarding&wallet=none&desktop');
  await button('Take it from a wallet').click();
  await press('Ask the wallet');
  await dialog().waitFor({ state: 'detached' });
  expect(await page.getByLabel('Payout address').inputValue()).toBe(newAddress);
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/onboarding.png` });
  await button('Next').click();
  await page.getByRole('heading', { level: 1, name: 'Which network?' }).waitFor();
  expect(problems).toEqual([]);
});

const relaySet = encodeURIComponent(
  JSON.stringify({ phoneRelayUrl: 'https://relay.example/key-of-the-relay-1' }),
);

test('on the phone: the code with its digits, and whose wallet has signed is compared before earnings go there', async () => {
  for (const theme of ['light', 'dark'] as const) {
    await open(`theme=${theme}&wallet=none&desktop&manners=${relaySet}#/earnings`, {
      viewport: { width: theme === 'light' ? 900 : 1400, height: theme === 'light' ? 640 : 900 },
    });
    await card().getByRole('button', { name: 'Connect wallet' }).click();
    await dialog().getByText('Phantom (on your phone)').click();
    await press('Sign in');
    const code = dialog().getByRole('img', { name: 'Code with the link for Phantom on a phone' });
    await code.waitFor();
    await dialog().getByText('The phone shows the same code: 4821').waitFor();
    expect(await scan(code)).toMatch(
      /^https:\/\/phantom\.app\/ul\/browse\/https%3A%2F%2Frelay\.example%2Fw%2F/,
    );
    await expectSound(`code ${theme}`);
    if (process.env.PICTURES)
      await page.screenshot({ path: `${process.env.PICTURES}/phone-code-${theme}.png` });
    await dialog().getByText('Compare it with the address that your wallet shows').waitFor();
    await expectSound(`compare ${theme}`);
    if (process.env.PICTURES)
      await page.screenshot({ path: `${process.env.PICTURES}/phone-compare-${theme}.png` });
    await press('Yes, this is mine');
    await dialog().getByText('Connected until').waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  }
});
