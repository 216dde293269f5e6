import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import {
  installTestWallet,
  type TestWalletOptions,
  type WalletManner,
} from '#testing/test-wallet/test-wallet.ts';

/** Stands in for the system's browser: notes the links that the app opens there, for tabs with a wallet in a Chromium of the test's. */
export function walletTabs(profile: string, timeoutMs: number) {
  const links = join(profile, 'links.txt');
  const script = join(profile, 'browser.sh');
  writeFileSync(script, `#!/bin/sh\necho "$1" >> '${links}'\n`);
  chmodSync(script, 0o755);
  let seen = 0;
  return {
    /** What the app is started with. */
    env: { SOLANALM_BROWSER: script, SOLANALM_WALLET_TIMEOUT_MS: String(timeoutMs) },
    /** The link of the question that comes next. */
    async nextLink(): Promise<string> {
      const all = () => (existsSync(links) ? readFileSync(links, 'utf8').trim().split('\n') : []);
      await expect.poll(() => all().length, { timeout: 10_000 }).toBeGreaterThan(seen);
      seen = all().length;
      return all().at(-1) ?? '';
    },
  };
}

/** The tab that a link opens, in a browser whose wallet meets it this way. */
export async function openTab(
  browser: Browser,
  link: string,
  wallet: TestWalletOptions,
  manner: WalletManner = 'approve',
): Promise<Page> {
  const context = await browser.newContext();
  await context.addInitScript(installTestWallet, { ...wallet, manner });
  const tab = await context.newPage();
  await tab.goto(link);
  return tab;
}

export const tabTitle = (tab: Page, name: string) => tab.getByRole('heading', { level: 1, name }).waitFor();
export const proceed = (tab: Page) => tab.getByRole('button', { name: 'Continue in Phantom' }).click();
