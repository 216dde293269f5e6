import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { signInText } from '#contract/settlement/sign-in-text.ts';
import type { SignInRequest, WalletQuestion } from '#contract/wallet.ts';
import { openPhoneRelay, type PhoneRelay } from '#gateway/phone-relay/phone-relay.ts';
import { installTestWallet, type WalletManner } from '#testing/test-wallet/test-wallet.ts';
import { testWalletOptions } from '#testing/test-wallet/test-wallet-options.ts';
import { createWalletPage, type WalletPage } from './wallet-page.ts';

/** The app, a relay with a proxy in front, and a phone: a Chromium of its size whose wallet signs for real. */
const own = testWalletOptions(randomBytes(32));
const connect: WalletQuestion = { op: 'connect', summary: `Show your address, please: ${own.address}` };
const request: SignInRequest = {
  statement: 'Let the key of this node act.',
  uri: 'https://gateway.example',
  version: '1',
  chainId: 'devnet',
  nonce: 'a1b2c3d4e5f6',
  issuedAt: '2026-11-26T10:00:00.000Z',
  expirationTime: '2026-12-26T10:00:00.000Z',
  resources: ['urn:solanalm:node-key:abc'],
};

const key = 'key-of-the-relay-1';
let pagesDir: string;
let browser: Browser;
let relay: PhoneRelay;
let proxy: Server;
let relayUrl: string;
/** All that the relay was ever sent and has ever sent. */
let passed: Buffer[];
/** What the proxy makes of a body; the app's and the phone's on their way in, the relay's on its way out. */
let alter: (path: string, body: Buffer) => Buffer;
/** Whether what the relay answered is lost on its way. */
let lose: (path: string, status: number) => boolean;
let page: WalletPage;
let phone: Page | null;
let problems: string[];

beforeAll(async () => {
  pagesDir = mkdtempSync(join(tmpdir(), 'solanalm-phone-'));
  const root = new URL('../../..', import.meta.url).pathname;
  await build({
    configFile: join(root, 'build/wallet-page.vite.config.ts'),
    build: { outDir: pagesDir },
  });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  });
}, 90_000);
afterAll(() => browser?.close());

beforeEach(async () => {
  passed = [];
  problems = [];
  phone = null;
  alter = (_path, body) => body;
  lose = () => false;
  proxy = createServer((incoming, response) => void forward(incoming, response));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  relayUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  relay = await openRelay();
  page = createWalletPage({
    files: () => expect.fail('the page of this computer is not wanted'),
    open: () => expect.fail('no browser of this computer is wanted'),
    relayUrl: async () => `${relayUrl}/${key}`,
    timeoutMs: 20_000,
  });
});
afterEach(async () => {
  page.cancel();
  await phone?.context().close();
  proxy.close();
  proxy.closeAllConnections();
  await relay.close();
});

async function forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '/', method, headers } = incoming;
  const what = `${method} ${url}`;
  const isMail = url.startsWith('/mail/');
  const bodyOf = async (from: AsyncIterable<Buffer>) => {
    const parts: Buffer[] = [];
    for await (const part of from) parts.push(part);
    const whole = Buffer.concat(parts);
    return isMail && whole.length > 0 ? alter(what, whole) : whole;
  };
  const sent = await bodyOf(incoming);
  passed.push(Buffer.from(`${what} ${JSON.stringify(headers)}`), sent);
  const onward = httpRequest({
    host: '127.0.0.1',
    port: relay.port,
    path: url,
    method,
    headers,
    agent: false,
  });
  onward.on('error', () => response.headersSent || response.destroy());
  onward.on('response', async (answer) => {
    const body = await bodyOf(answer);
    if (isMail) passed.push(body);
    // Of an answer with a body half arrives.
    const isLost = lose(what, answer.statusCode ?? 0);
    if (isLost && body.length === 0) return response.destroy();
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    if (!isLost) return response.end(body);
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  });
  onward.end(sent);
}

const openRelay = (publicUrl = relayUrl) =>
  openPhoneRelay({ port: 0, host: '127.0.0.1', publicUrl, key, pagesDir, behindProxy: false });

const flipped = (body: Buffer) => {
  const altered = Buffer.from(body);
  altered[20] = (altered[20] ?? 0) ^ 1;
  return altered;
};

/** Asks, and waits for the link that the code is to hold. */
async function ask(question: WalletQuestion) {
  const answer = page.ask(question, 'phone');
  answer.catch(() => {});
  await expect.poll(() => page.link()).not.toBeNull();
  const link = page.link();
  expect(link?.via).toBe('phone');
  return { answer, url: link?.url ?? '', code: link?.code ?? '' };
}

async function openPhone(url: string, manner: WalletManner = 'approve'): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 390, height: 780 },
    isMobile: true,
    hasTouch: true,
  });
  await context.addInitScript(installTestWallet, { ...own, manner });
  phone = await context.newPage();
  phone.on('pageerror', (error) => problems.push(error.message));
  phone.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await phone.goto(url);
  return phone;
}
const title = (on: Page, name: string) => on.getByRole('heading', { level: 1, name }).waitFor();
const press = (on: Page) => on.getByRole('button', { name: 'Continue in Phantom' }).tap();

test('connect: the phone shows the address, and nothing that passes can be read', async () => {
  const { answer, url, code } = await ask(connect);
  expect(code).toMatch(/^\d{4}$/);
  expect(url).toMatch(new RegExp(`^${relayUrl}/w/[\\w-]{22}#s=[\\w-]{43}$`));
  const on = await openPhone(url);
  await on.getByText('Show your address, please').waitFor();
  await on.getByText(`Go on only if your computer shows ${code} now.`).waitFor();
  expect(new URL(on.url()).hash).toBe('');
  expect(await on.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await press(on);
  expect(await answer).toEqual({ op: 'connect', address: own.address });
  await title(on, 'Done');
  await on.getByText('You can go back to your computer.').waitFor();
  expect(problems).toEqual([]);
  expect(page.link()).toBeNull();

  const seen = Buffer.concat(passed);
  expect(seen.length).toBeGreaterThan(1000);
  for (const secret of [own.address, 'Show your address', '"op"', url.split('#s=')[1] ?? '-'])
    expect(seen.includes(secret)).toBe(false);
});

test('sign in: the text names the relay’s host, and is exactly what was asked', async () => {
  const { answer, url } = await ask({ op: 'signIn', summary: 'Sign in for 30 days.', request });
  const on = await openPhone(url);
  await press(on);
  await title(on, 'Done');
  const got = await answer;
  if (got.op !== 'signIn') return expect.fail();
  const { address, signed_message } = got.delegation;
  const domain = new URL(relayUrl).host;
  expect(Buffer.from(signed_message, 'base64').toString()).toBe(signInText({ domain, address, ...request }));
});

test('the wallet says no, and signs something else: both ends say so', async () => {
  const declined = await ask(connect);
  const on = await openPhone(declined.url, 'reject');
  await press(on);
  await title(on, 'Declined');
  await expect(declined.answer).rejects.toMatchObject({ code: 'wallet/rejected' });
  await on.context().close();

  const altered = await ask({ op: 'signIn', summary: 'Sign in.', request });
  const other = await openPhone(altered.url, 'alter');
  await press(other);
  await title(other, 'The app did not accept this');
  await expect(altered.answer).rejects.toMatchObject({ code: 'wallet/bad-signature' });
});

test('reloaded on the phone it asks again; answered it asks nobody else', async () => {
  const { answer, url } = await ask(connect);
  const on = await openPhone(url);
  await title(on, 'Show your wallet’s address');
  await on.reload();
  await press(on);
  await answer;
  await title(on, 'Done');
  const other = await openPhone(url);
  // It may be read again while the mailbox lasts, but a second answer is not heard.
  await press(other);
  await title(other, 'This link is no longer good');
  await on.context().close();
});

test('what is lost on its way is sent again, until both ends know how it ended', async () => {
  const lost = new Set<string>();
  lose = (path, status) => {
    const what = path.replace(/\/mail\/[^/]+/, '');
    if (!path.includes('/mail/') || status === 204 || lost.has(what)) return false;
    lost.add(what);
    // Where the question is laid down nobody has asked yet: that is told, and asked again by a person.
    return what !== 'PUT ';
  };
  const { answer, url } = await ask({ op: 'signIn', summary: 'Sign in.', request });
  const on = await openPhone(url);
  await press(on);
  expect(await answer).toMatchObject({ delegation: { address: own.address } });
  await title(on, 'Done');
  const each = ['PUT ', 'GET /question', 'PUT /answer', 'GET /answer', 'PUT /verdict', 'GET /verdict'];
  expect([...lost].toSorted()).toEqual(each.toSorted());
});

test('pressed twice it is declined once', async () => {
  const { answer, url } = await ask(connect);
  const on = await openPhone(url);
  await on.getByRole('button', { name: 'Decline' }).evaluate((button: HTMLElement) => {
    button.click();
    button.click();
  });
  await title(on, 'Declined');
  await expect(answer).rejects.toMatchObject({ code: 'wallet/rejected' });
  await on.waitForTimeout(1500);
  await title(on, 'Declined');
});

test('a key that the relay does not know is told of', async () => {
  const other = createWalletPage({
    files: () => expect.fail(),
    open: async () => {},
    relayUrl: async () => `${relayUrl}/another-key-than-it`,
  });
  await expect(other.ask(connect, 'phone')).rejects.toThrow('does not take the key');
});

test('what the app takes back is over on the phone too', async () => {
  const { answer, url } = await ask(connect);
  const on = await openPhone(url);
  await title(on, 'Show your wallet’s address');
  page.cancel();
  await expect(answer).rejects.toMatchObject({ code: 'wallet/cancelled' });
  await expect
    .poll(async () => (await fetch(url.replace('/w/', '/mail/').replace(/#.*/, '/question'))).status)
    .toBe(404);
  await press(on);
  await title(on, 'This link is no longer good');
  await on.reload();
  await title(on, 'This link is no longer good');
});

test('a link without its secret, or with another, asks nothing', async () => {
  const { url } = await ask(connect);
  const on = await openPhone(url.replace(/#.*/, ''));
  await title(on, 'This link is no longer good');
  await on.context().close();
  const other = await openPhone(url.replace(/s=.{4}/, 's=AAAA'));
  await title(other, 'This link is no longer good');
});

test('a question that a relay alters is not shown, an answer is not taken', async () => {
  alter = (path, body) => (/^GET .*question$/.test(path) ? flipped(body) : body);
  const first = await ask(connect);
  const on = await openPhone(first.url);
  await title(on, 'This link is no longer good');
  await on.context().close();

  alter = (path, body) => (/^PUT .*answer$/.test(path) ? flipped(body) : body);
  const { answer, url } = await ask(connect);
  await press(await openPhone(url));
  await expect(answer).rejects.toMatchObject({ code: 'wallet/relay-altered' });
});

test('a relay that is not there, refuses, or has forgotten the question is told of; one that is away for a while is not', async () => {
  await relay.close();
  await expect(page.ask(connect, 'phone')).rejects.toMatchObject({ code: 'wallet/relay-unreachable' });
  relay = await openRelay('https://relay.example');
  await expect(page.ask(connect, 'phone')).rejects.toThrow('refused the question with status 403');
  await relay.close();
  relay = await openRelay();

  const { answer, url } = await ask(connect);
  let lost = 0;
  lose = () => {
    lost += 1;
    return true;
  };
  await expect.poll(() => lost, { timeout: 10_000 }).toBeGreaterThan(2);
  lose = () => false;
  await press(await openPhone(url));
  expect(await answer).toMatchObject({ address: own.address });

  const forgotten = await ask(connect);
  await relay.close();
  relay = await openRelay();
  await expect(forgotten.answer).rejects.toThrow('no longer has the question');
});

test('without a relay no phone is asked', async () => {
  const without = createWalletPage({
    files: () => expect.fail(),
    open: async () => {},
    relayUrl: async () => null,
  });
  await expect(without.ask(connect, 'phone')).rejects.toMatchObject({ code: 'wallet/relay-unreachable' });
});
