import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './harness/chromium.ts';
import { earn, onboard } from './harness/flow.ts';
import { type HeadlessNode, startHeadlessNode } from './harness/headless-node.ts';
import { screenshot } from './harness/places.ts';

let node: HeadlessNode;
let browser: Browser;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  node = await startHeadlessNode();
  browser = await launchChromium();
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme: 'dark',
    reducedMotion: 'reduce',
  });
  page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
});
afterAll(async () => {
  await browser?.close();
  await node?.stop();
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
  await page.keyboard.press('Control+6');
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
    'earnings',
    'resources',
    'settings',
  ].entries()) {
    await page.keyboard.press(`Control+${index + 1}`);
    await page.getByRole('heading', { level: 1, name: new RegExp(name, 'i') }).waitFor();
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(serious.map(({ id, nodes }) => `${name} ${colorScheme} ${id}: ${nodes[0]?.html}`)).toEqual([]);
      await page.screenshot({ path: screenshot(`${name}-${colorScheme}`) });
    }
    await page.setViewportSize({ width: 900, height: 600 });
    const overflows = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(overflows, `${name} is wider than a small window`).toBe(false);
    await page.setViewportSize({ width: 1280, height: 800 });
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
