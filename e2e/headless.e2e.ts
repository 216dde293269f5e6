import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startOddFileServer } from '#testing/odd-file-server.ts';
import { launchChromium, openPage } from './harness/chromium.ts';
import { earn, onboard } from './harness/flow.ts';
import { type HeadlessNode, startHeadlessNode } from './harness/headless-node.ts';
import { root, screenshot } from './harness/places.ts';
import { seriousFaults } from './harness/serious-faults.ts';

let hub: Awaited<ReturnType<typeof startOddFileServer>>;
let node: HeadlessNode;
let browser: Browser;
let page: Page;
let problems: string[];

beforeAll(async () => {
  // A hub on this computer: the shipped model under the name of the catalogue's smallest.
  hub = await startOddFileServer(
    readFileSync(join(root, 'resources/models/tiny-chat-Q8_0.gguf')),
    'unsloth/gemma-3-270m-it-GGUF',
    'gemma-3-270m-it-Q8_0.gguf',
  );
  node = await startHeadlessNode({ modelHubs: [hub.url] });
  browser = await launchChromium();
  ({ page, problems } = await openPage(browser));
});
afterAll(async () => {
  await browser?.close();
  await node?.stop();
  await hub?.close();
});

test('the printed address opens the app once; its token is gone from the address bar', async () => {
  await page.goto(node.url);
  await page.getByRole('button', { name: 'Skip' }).waitFor();
  expect(page.url()).not.toContain('token');
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(node.url);
  await stranger.getByText('This page has no access to the node').waitFor();
});

test('from the setup to test credits that both sides agree on', async () => {
  await onboard(page);
  await earn(page);
  expect(await page.getByText('Test credits', { exact: true }).isVisible()).toBe(true);
});

test('a setting takes effect when its field is left', async () => {
  await page.keyboard.press('Control+8');
  const field = page.getByLabel('Test requests');
  await field.fill('many');
  await field.press('Enter');
  await page
    .getByText(/testRequestsPerMinute|whole number|expected number/i)
    .first()
    .waitFor();
  await field.fill('300');
  await field.press('Enter');
  await page.getByText('Saved', { exact: true }).waitFor();
  await page.keyboard.press('Control+1');
  await page
    .getByText('Requests today')
    .locator('xpath=following-sibling::dd[1]')
    .filter({ hasText: /^\d{2}/ })
    .waitFor();
});

test('each page shows itself in light and dark, large and small, without a serious fault for assistive tools', async () => {
  for (const [index, name] of [
    'dashboard',
    'models',
    'queue',
    'training',
    'providers',
    'earnings',
    'resources',
    'settings',
  ].entries()) {
    await page.keyboard.press(`Control+${index + 1}`);
    await page.getByRole('heading', { level: 1, name: new RegExp(name, 'i') }).waitFor();
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
      expect(await seriousFaults(page), `${name} ${colorScheme}`).toEqual([]);
      await page.screenshot({ path: screenshot(`${name}-${colorScheme}`) });
    }
    await page.setViewportSize({ width: 900, height: 600 });
    const overflows = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(overflows, `${name} is wider than a small window`).toBe(false);
    await page.setViewportSize({ width: 1280, height: 800 });
  }
});

test('a model of the catalogue is downloaded after a cut, served beside the other and measured', async () => {
  await page.keyboard.press('Control+2');
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  const download = page.getByRole('button', { name: 'Download Gemma 3 270M' });
  await download.waitFor();
  hub.next({ kind: 'cut', afterBytes: 400_000 });
  await download.click();
  await page
    .getByRole('row', { name: /Gemma 3 270M/ })
    .getByText('On this computer')
    .waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
    expect(await seriousFaults(page)).toEqual([]);
    await page.screenshot({ path: screenshot(`catalogue-${colorScheme}`) });
  }
  await page.getByRole('button', { name: 'Servers', exact: true }).click();
  await page.getByRole('button', { name: 'Find servers on this computer' }).click();
  await page.screenshot({ path: screenshot('servers-dark') });
  await page.getByRole('button', { name: 'On this computer', exact: true }).click();
  await page.getByRole('button', { name: 'Serve', exact: true }).click();
  const measure = page.getByRole('button', { name: 'Measure speed' });
  await expect.poll(() => measure.count()).toBe(2);
  await measure.last().click();
  await page.getByRole('button', { name: 'Measure again' }).waitFor();
  await page
    .getByText(/^\d[\d,]*\/s$/)
    .first()
    .waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
    await page.screenshot({ path: screenshot(`models-${colorScheme}`) });
  }
});

test('pause says so and resume earns again', async () => {
  await page.keyboard.press('Control+1');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByText('Paused', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('Earning', { exact: true }).waitFor();
});

test('the browser’s console stays empty', () => {
  expect(problems).toEqual([]);
});
