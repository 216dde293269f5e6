import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keypair, PublicKey, SystemProgram, TransactionMessage, VersionedTransaction } from '@solana/web3.js';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { AppError } from '#contract/errors.ts';
import { signInText } from '#contract/settlement/sign-in-text.ts';
import type { SignInRequest, WalletQuestion } from '#contract/wallet.ts';
import {
  installTestWallet,
  type TestWalletOptions,
  type WalletManner,
} from '#testing/test-wallet/test-wallet.ts';
import { testWalletOptions } from '#testing/test-wallet/test-wallet-options.ts';
import { type PageFiles, readPageFiles } from './page-files.ts';
import { createWalletPage } from './wallet-page.ts';

const keypair = Keypair.generate();
const own = testWalletOptions(keypair.secretKey.subarray(0, 32));
const other = testWalletOptions(randomBytes(32));
const gateway = Keypair.generate();

let browser: Browser;
let files: PageFiles;
let tab: Page | null = null;

beforeAll(async () => {
  const outDir = mkdtempSync(join(tmpdir(), 'solanalm-wallet-page-'));
  const root = new URL('../../..', import.meta.url).pathname;
  await build({ configFile: join(root, 'build/wallet-page.vite.config.ts'), build: { outDir } });
  files = readPageFiles(outDir);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  });
}, 90_000);
afterEach(async () => {
  await tab?.context().close();
  tab = null;
});
afterAll(() => browser?.close());

/** Asks, with a browser that has these wallets; `meet` is what the operator does in the tab. */
function ask(
  question: WalletQuestion,
  meet: (page: Page) => Promise<void>,
  { wallets = [own], timeoutMs = 20_000 }: { wallets?: TestWalletOptions[]; timeoutMs?: number } = {},
) {
  const problems: string[] = [];
  const met = Promise.withResolvers<void>();
  met.promise.catch(() => {});
  const page = createWalletPage({
    files: () => files,
    ports: [0],
    timeoutMs,
    open: async (url) => {
      const context = await browser.newContext();
      for (const wallet of wallets) await context.addInitScript(installTestWallet, wallet);
      tab = await context.newPage();
      tab.on('pageerror', (error) => problems.push(error.message));
      tab.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
      await tab.goto(url);
      await meet(tab).then(met.resolve, met.reject);
    },
  });
  const answer = page.ask(question);
  answer.catch(() => {});
  return { page, answer, problems, seen: () => met.promise };
}

const press = async (page: Page) => page.getByRole('button', { name: 'Continue in Phantom' }).click();
const title = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor();
const behave = (page: Page, manner: WalletManner) =>
  page.evaluate((wanted) => {
    (globalThis as unknown as { testWallet: { manner: string } }).testWallet.manner = wanted;
  }, manner);
const pressDone = async (page: Page) => {
  await press(page);
  await title(page, 'Done');
};

const request: SignInRequest = {
  statement: 'Let the key of this node register, report and sign receipts for you. It can never move money.',
  uri: 'https://gateway.example',
  version: '1',
  chainId: 'devnet',
  nonce: 'a1b2c3d4e5f6',
  issuedAt: '2026-11-26T10:00:00.000Z',
  expirationTime: '2026-12-26T10:00:00.000Z',
  resources: [
    'urn:solanalm:node-key:abc',
    'urn:solanalm:node-id:node-1',
    'urn:solanalm:scope:register,health,receipt',
  ],
};
const signIn: WalletQuestion = { op: 'signIn', summary: 'Sign in for 30 days.', request };
const signMessage = (address = own.address): WalletQuestion => ({
  op: 'signMessage',
  summary: 'Agree to another payout address.',
  address,
  message: Buffer.from('solanalm: pay to 7xKX…gAsU from now on').toString('base64'),
});

/** A payout that the gateway has signed as the one who pays, and the operator signs as the one who pays the network. */
function payout(signedByGateway: boolean) {
  const message = new TransactionMessage({
    payerKey: keypair.publicKey,
    recentBlockhash: Keypair.generate().publicKey.toBase58(),
    instructions: [
      SystemProgram.transfer({
        fromPubkey: gateway.publicKey,
        toPubkey: keypair.publicKey,
        lamports: 5_000_000,
      }),
    ],
  }).compileToV0Message();
  const transaction = new VersionedTransaction(message);
  if (signedByGateway) transaction.sign([gateway]);
  const question: WalletQuestion = {
    op: 'signTransaction',
    summary: '0.005 SOL from the gateway to your wallet.',
    address: own.address,
    cluster: 'devnet',
    transaction: Buffer.from(transaction.serialize()).toString('base64'),
  };
  return { question, message };
}

test('connect: the wallet’s address comes after a click, and the page is done', async () => {
  const { answer, seen, problems } = ask({ op: 'connect', summary: 'Show your address.' }, async (page) => {
    await title(page, 'Show your wallet’s address');
    expect(new URL(page.url()).hash).toBe('');
    await pressDone(page);
  });
  expect(await answer).toEqual({ op: 'connect', address: own.address });
  await seen();
  expect(problems).toEqual([]);
});

test('sign in: the text is exactly what was asked, with the page’s host and port as its domain', async () => {
  for (const signsIn of [true, false]) {
    const wallets = [{ ...own, signsIn }];
    const { answer, seen } = ask(signIn, pressDone, { wallets });
    const got = await answer;
    await seen();
    if (got.op !== 'signIn') return expect.fail();
    const { address, signed_message } = got.delegation;
    const domain = new URL(tab?.url() ?? '').host;
    expect(Buffer.from(signed_message, 'base64').toString()).toBe(
      signInText({ domain, address, ...request }),
    );
    expect(address).toBe(own.address);
    await tab?.context().close();
  }
});

test('a message, and a transaction that the gateway has signed already: both with the wallet’s true signature', async () => {
  const message = ask(signMessage(), pressDone);
  expect(await message.answer).toMatchObject({ op: 'signMessage', address: own.address });
  await message.seen();
  await tab?.context().close();
  const { question, message: asked } = payout(true);
  const { answer, seen } = ask(question, async (page) => {
    await page.getByText('Devnet: no real money').waitFor();
    await pressDone(page);
  });
  const got = await answer;
  await seen();
  if (got.op !== 'signTransaction') return expect.fail();
  const signed = VersionedTransaction.deserialize(Buffer.from(got.transaction, 'base64'));
  expect(Buffer.from(signed.message.serialize())).toEqual(Buffer.from(asked.serialize()));
  expect(signed.signatures.every((signature) => signature.some((byte) => byte !== 0))).toBe(true);
});

test('the wallet says no, and the operator does before it is asked', async () => {
  const asked = ask({ op: 'connect', summary: '' }, async (page) => {
    await behave(page, 'reject');
    await press(page);
    await title(page, 'Declined');
    await page.getByText('Phantom: User rejected the request.').waitFor();
  });
  await expect(asked.answer).rejects.toMatchObject({ code: 'wallet/rejected' });
  await asked.seen();
  await tab?.context().close();
  const declined = ask({ op: 'connect', summary: '' }, async (page) => {
    await page.getByRole('button', { name: 'Decline' }).click();
    await title(page, 'Declined');
  });
  await expect(declined.answer).rejects.toMatchObject({ code: 'wallet/rejected' });
  await declined.seen();
});

test('a tab that is closed answers nothing: the app cancels, or the time is over', async () => {
  const cancelled = ask({ op: 'connect', summary: '' }, (page) => page.close());
  await expect.poll(() => tab?.isClosed()).toBe(true);
  cancelled.page.cancel();
  await expect(cancelled.answer).rejects.toMatchObject({ code: 'wallet/cancelled' });
  const late = ask({ op: 'connect', summary: '' }, (page) => page.close(), { timeoutMs: 3000 });
  await expect(late.answer).rejects.toMatchObject({ code: 'wallet/timed-out' });
});

test('the page says when its time is over, and a link that is opened later is expired', async () => {
  const late = ask({ op: 'connect', summary: '' }, (page) => title(page, 'This link is no longer good'), {
    timeoutMs: 2500,
  });
  await expect(late.answer).rejects.toMatchObject({ code: 'wallet/timed-out' });
  await late.seen();
  await tab?.context().close();
  const url = Promise.withResolvers<string>();
  const next = createWalletPage({ files: () => files, ports: [0], open: async (link) => url.resolve(link) });
  const answer = next.ask({ op: 'connect', summary: '' });
  const context = await browser.newContext();
  tab = await context.newPage();
  await tab.goto((await url.promise).replace(/\/w\/[^#]+/, '/w/another'));
  await title(tab, 'This link is no longer good');
  next.cancel();
  await expect(answer).rejects.toMatchObject({ code: 'wallet/cancelled' });
});

test('a page that answers twice is heard once', async () => {
  const posts: number[] = [];
  const { answer, seen } = ask({ op: 'connect', summary: '' }, async (page) => {
    const path = new URL(page.url()).pathname.replace('/w/', '/api/');
    const token = await page.evaluate(() => sessionStorage.getItem(Object.keys(sessionStorage)[0] ?? ''));
    page.on('response', (response) => {
      if (response.request().method() === 'POST') posts.push(response.status());
    });
    await pressDone(page);
    const again = await page.evaluate(
      async ({ path, token }) => {
        const body = JSON.stringify({ ok: true, answer: { op: 'connect', address: '1'.repeat(32) } });
        const headers = { authorization: `Bearer ${token}` };
        return fetch(path, { method: 'POST', headers, body }).then(
          ({ status }) => status,
          () => 'nobody listens',
        );
      },
      { path, token },
    );
    expect([410, 'nobody listens']).toContain(again);
  });
  expect(await answer).toEqual({ op: 'connect', address: own.address });
  await seen();
  expect(posts[0]).toBe(200);
});

test('a wallet that signs something else is found out, and the page says so', async () => {
  for (const [question, code] of [
    [signIn, 'wallet/bad-signature'],
    [signMessage(), 'wallet/bad-signature'],
    [payout(true).question, 'wallet/bad-transaction'],
  ] as const) {
    const { answer, seen } = ask(
      question,
      async (page) => {
        await press(page);
        await title(page, 'The app did not accept this');
      },
      { wallets: [{ ...own, manner: 'alter' }] },
    );
    await expect(answer).rejects.toMatchObject({ code });
    await seen();
    await tab?.context().close();
  }
});

test('where another account is selected the page names both, and so does the app', async () => {
  const wrong = ask(
    signMessage(),
    async (page) => {
      await press(page);
      await title(page, 'Another account is selected');
      await page.getByText(own.address).waitFor();
      await page.getByText(other.address).waitFor();
      await page.getByRole('button', { name: 'Decline' }).click();
    },
    { wallets: [other] },
  );
  await expect(wrong.answer).rejects.toSatisfy(
    ({ code, message }: AppError) =>
      code === 'wallet/wrong-account' && message.includes(own.address) && message.includes(other.address),
  );
  await wrong.seen();
});

test('a browser without a wallet says so and what to do; reloading keeps the question', async () => {
  const { answer, seen } = ask(
    { op: 'connect', summary: '' },
    async (shown) => {
      await title(shown, 'No Solana wallet in this browser');
      const reloaded = shown.waitForEvent('load');
      await shown.getByRole('button', { name: 'Look again' }).click();
      await reloaded;
      await title(shown, 'No Solana wallet in this browser');
      await shown.getByRole('button', { name: 'Stop asking' }).click();
    },
    { wallets: [] },
  );
  await seen();
  await expect(answer).rejects.toMatchObject({ code: 'wallet/not-found' });
});

test('of several wallets one is chosen, with the keyboard alone', async () => {
  const solflare = { ...other, name: 'Solflare' };
  const { answer, seen } = ask(
    { op: 'connect', summary: '' },
    async (page) => {
      await page.getByRole('radio', { name: 'Phantom' }).waitFor();
      expect(await page.getByRole('radio', { name: 'Phantom' }).isChecked()).toBe(true);
      await page.keyboard.press('Tab');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Tab');
      expect(await page.locator(':focus').textContent()).toBe('Continue in Solflare');
      await page.keyboard.press('Enter');
      await title(page, 'Done');
    },
    { wallets: [solflare, own] },
  );
  expect(await answer).toEqual({ op: 'connect', address: other.address });
  await seen();
});

test('the chain’s own library agrees that the address is a wallet’s', () => {
  expect(PublicKey.isOnCurve(own.address)).toBe(true);
  expect(own.address).toBe(keypair.publicKey.toBase58());
});
