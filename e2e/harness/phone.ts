import { decode } from 'fast-png';
import jsqr from 'jsqr';
import type { Browser, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { openPhoneRelay } from '#gateway/phone-relay/phone-relay.ts';
import { installTestWallet, type TestWalletOptions } from '#testing/test-wallet/test-wallet.ts';

/** A relay on this computer with the page that was built. */
export async function startPhoneRelay() {
  const key = 'key-of-the-relay-1';
  const relay = await openPhoneRelay({
    key,
    port: 0,
    host: '127.0.0.1',
    publicUrl: null,
    pagesDir: 'out/wallet-page',
    behindProxy: false,
  });
  return { ...relay, address: `${relay.url}/${key}` };
}

/** What a camera reads off the screen. */
export async function scan(code: Locator): Promise<string> {
  const { data, width, height, channels } = decode(await code.screenshot());
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let at = 0; at < width * height; at += 1)
    for (let part = 0; part < 3; part += 1) rgba[at * 4 + part] = data[at * channels + part] ?? 0;
  return jsqr(rgba, width, height)?.data ?? '';
}

/** Opens what Phantom's link leads to, as Phantom's own browser does, with a wallet that signs for real. */
export async function openOnPhone(browser: Browser, link: string, wallet: TestWalletOptions): Promise<Page> {
  const { origin, pathname } = new URL(link);
  expect(`${origin}${pathname}`).toMatch(/^https:\/\/phantom\.app\/ul\/browse\/http/);
  const context = await browser.newContext({
    viewport: { width: 390, height: 780 },
    isMobile: true,
    hasTouch: true,
  });
  await context.addInitScript(installTestWallet, wallet);
  const page = await context.newPage();
  await page.goto(decodeURIComponent(pathname.slice('/ul/browse/'.length)));
  return page;
}
