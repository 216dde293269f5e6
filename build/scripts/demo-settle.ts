import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { unwrap } from '#contract/result.ts';
import type { MoneySums, Payment } from '#contract/wallet.ts';
import { createHost } from '#node/host.ts';
import { createGatewayCalls } from '#node/link/gateway-calls.ts';
import { openNodeKey } from '#node/link/node-key.ts';
import { besideOthers } from '#testing/beside-others.ts';
import { openPaidNetwork } from '#testing/paid-network.ts';
import { installTestWallet } from '#testing/test-wallet/test-wallet.ts';
import { testWalletOptions } from '#testing/test-wallet/test-wallet-options.ts';
import { launchChromium, openPage } from '../../e2e/harness/chromium.ts';
import { buildApp } from './build-app.ts';

const root = new URL('../..', import.meta.url).pathname;
const model = 'tiny-chat-Q8_0';
const requests = 200;
const inFlight = 6;
/** The gateway's threshold of 2,000,000 lamports is passed by about 80 requests at this price. */
const pricePerRequestLamports = '25000';
const stepLimitMs = 60_000;

/**
 * 200 requests are earned, vouched for and paid on a real Solana VM: the first half is sent by the gateway itself, the rest is claimed
 * on the app's own page by a wallet that signs for real. Ends 0 when the node's books, the gateway's and the chain agree on every lamport.
 */
export async function demoSettle(isJson: boolean): Promise<void> {
  const say = (line: string) => (isJson ? undefined : console.log(line));
  buildApp(() => say('Building the pages …'));
  const browser = await launchChromium();
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-demo-'));
  const profileDir = join(dir, 'node');
  const network = await openPaidNetwork(dir);
  const { chain, gateway, treasury } = network;
  const host = await createHost({ profileDir, logLevel: 'silent' });
  const call = async (name: string, input: unknown = {}) => unwrap(await host.contract.request(name, input));
  const payments = async () => (await call('payouts.list')) as Payment[];

  async function until<T>(what: string, look: () => Promise<T | null> | T | null): Promise<T> {
    const startedAt = performance.now();
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      if (performance.now() - startedAt > stepLimitMs)
        throw new Error(`It took too long until ${what}: ${JSON.stringify(await payments())}`);
      await wait(100);
    }
  }
  const sums = (): MoneySums => host.ledger.moneySums('localnet');
  /** All work has its receipt and its voucher, or is paid. */
  const vouchered = () =>
    until('all is vouched for', () => {
      const now = sums();
      return now.unvoucheredLamports === '0' && now.submittedLamports === '0' ? now : null;
    });
  const finalized = (mode: Payment['mode']) =>
    until(`a payment by ${mode} is final`, async () => {
      const all = await payments();
      return all.find((one) => one.mode === mode && one.state === 'finalized') ?? null;
    });

  try {
    const own = testWalletOptions(crypto.getRandomValues(new Uint8Array(32)));
    await call('settings.update', {
      ...besideOthers,
      onboarded: true,
      apiPort: 0,
      servedModels: [model],
      network: { kind: 'gateway', url: gateway.url },
      solanaRpcUrls: [chain.url],
      pricePerRequestLamports,
      testRequestsPerMinute: 0,
    });
    const { url } = await host.serveUi(join(root, 'out/renderer'), 0);
    const { page, problems } = await openPage(browser);
    await page.context().addInitScript(installTestWallet, own);
    await page.goto(url);
    await page.getByRole('link', { name: 'Earnings' }).click();
    await signIn(page);
    say(`The wallet ${own.address} has signed in on the Earnings page`);
    const before = { payout: chain.lamportsOf(own.address), treasury: chain.lamportsOf(treasury) };

    await call('node.start');
    say(`Node ${host.nodeId} serves through ${gateway.url}, which pays from ${treasury}`);
    await ask(gateway.url, 0, requests / 2);
    const sent = await finalized('gateway');
    say(`${requests / 2} requests; the gateway has paid ${sent.amountAtomic} lamports: ${sent.signature}`);

    await call('settings.update', { payoutBy: 'claim' });
    await ask(gateway.url, requests / 2, requests);
    await vouchered();
    const words = await claim(page);
    const claimed = await finalized('claim');
    say(`${requests / 2} more; claimed on the page (${words}): ${claimed.signature}`);

    const books = await vouchered();
    const calls = createGatewayCalls(gateway.url, openNodeKey(join(profileDir, 'node-key')), Date.now);
    const [channel, settlements] = [await calls.channel(), await calls.settlements()];
    await call('node.stop');
    const account = gateway.account(host.nodeId);
    const transactions = [sent, claimed].map(({ signature }) => chain.ledger.transaction(signature ?? ''));
    const [sentFee = 0n, claimFee = 0n] = transactions.map((one) => BigInt(one?.feeLamports ?? -1));
    const payoutDelta = chain.lamportsOf(own.address) - before.payout;
    const treasuryDelta = chain.lamportsOf(treasury) - before.treasury;
    const earned = BigInt(books.grossLamports) - BigInt(books.feeLamports);
    const settled = BigInt(books.settledLamports);
    const listed = await payments();
    const isPaid = listed.reduce((sum, { amountAtomic }) => sum + BigInt(amountAtomic), 0n) === settled;
    const checks = {
      node: books.differenceLamports === '0' && earned === settled && isPaid && listed.length === 2,
      gateway:
        account.owedLamports === earned &&
        account.receiptsAccepted === requests &&
        account.receiptsDisputed === 0 &&
        BigInt(channel.settled_atomic) === settled &&
        settlements.filter(({ state }) => state === 'finalized').length === 2,
      chain: payoutDelta === settled - claimFee && treasuryDelta === -settled - sentFee,
      page: lamportsIn(words) === BigInt(claimed.amountAtomic) && problems.length === 0,
    };
    const reconciled = Object.values(checks).every(Boolean);
    console.log(
      JSON.stringify({
        requests,
        earned_lamports: Number(earned),
        fee_lamports: Number(books.feeLamports),
        vouchered_lamports: Number(channel.vouchered_atomic),
        settled_lamports: Number(settled),
        payments: [sent, claimed].map(({ mode, signature, amountAtomic }) => ({
          mode,
          signature,
          amount_lamports: Number(amountAtomic),
        })),
        payout_delta_lamports: Number(payoutDelta),
        treasury_delta_lamports: Number(treasuryDelta),
        claim_network_fee_lamports: Number(claimFee),
        difference_lamports: Number(books.differenceLamports),
        ...(reconciled ? {} : { checks, problems }),
        reconciled,
      }),
    );
    if (!reconciled) process.exitCode = 1;
  } finally {
    await browser.close();
    await host.dispose();
    await network.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Connects the wallet on the Earnings page: one signature binds it. */
async function signIn(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Connect wallet' }).click();
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await dialog.getByText('Connected until').waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
}

/** Claims what is owed, as a person does. Returns the amount as the page has it in words. */
async function claim(page: Page): Promise<string> {
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Claim payout' }).click();
  await dialog.getByText('Tried out on the chain: it would go through.').waitFor();
  const words = (await dialog.locator('strong').first().textContent()) ?? '';
  await dialog.getByRole('button', { name: 'Sign in the wallet' }).click();
  await dialog.getByText('Paid, for good.').waitFor({ timeout: stepLimitMs });
  await dialog.getByRole('button', { name: 'Done' }).click();
  return words;
}

/** Lamports in words like 0.002 375 SOL. */
function lamportsIn(words: string): bigint {
  const [whole = '', part = ''] = words.replace(/[^\d.]/g, '').split('.');
  return BigInt(whole + part.padEnd(9, '0'));
}

/** Clients of the gateway, some at a time, every other one streamed. Throws for a request that is not answered in full. */
async function ask(gatewayUrl: string, from: number, to: number): Promise<void> {
  let next = from;
  const client = async () => {
    while (next < to) {
      const index = next++;
      const stream = index % 2 === 0;
      const response = await fetch(`${gatewayUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk-demo-wallet', 'content-type': 'application/json' },
        body: JSON.stringify({
          model,
          // No question twice, or a kept answer would cost half.
          messages: [{ role: 'user', content: `What is ${index} + ${index % 7}?` }],
          max_tokens: 24,
          temperature: 0,
          stream,
        }),
      });
      const text = await response.text();
      if (!response.ok || (stream && !text.trimEnd().endsWith('[DONE]')))
        throw new Error(`request ${index}: ${response.status} ${text.slice(0, 200)}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, client));
}
