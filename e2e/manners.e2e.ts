import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Settings } from '#contract/settings.ts';
import { launchChromium, openPage } from './harness/chromium.ts';
import { earn, onboard } from './harness/flow.ts';
import { type HeadlessNode, startHeadlessNode } from './harness/headless-node.ts';

/** Sharing the machine and good manners, on a real node. */
let node: HeadlessNode;
let browser: Browser;
let page: Page;
let problems: string[];

beforeAll(async () => {
  node = await startHeadlessNode();
  browser = await launchChromium();
  ({ page, problems } = await openPage(browser));
  await page.goto(node.url);
  await onboard(page);
  await earn(page);
});
afterAll(async () => {
  await browser?.close();
  await node?.stop();
});

const stored = (): Settings => JSON.parse(readFileSync(join(node.profile, 'settings.json'), 'utf8'));
/** A busy machine may take its time. */
const soon = { timeout: 15_000 };
const button = (name: string) => page.getByRole('button', { name, exact: true });
const slider = () => page.getByRole('slider', { name: 'Share for training' });

async function openSchedule(): Promise<void> {
  await page.keyboard.press('Control+7');
  await button('Schedule').click();
  await page.getByRole('grid', { name: 'Hours for computing' }).waitFor();
}

test('the slider by its keys asks to take part, is stored, and the line below says what the machine does', async () => {
  await page
    .getByText(/≈ [\d. ]+ test credits an hour|– test credits an hour/)
    .first()
    .waitFor();
  await slider().focus();
  await page.keyboard.press('PageUp');
  await button('Take part').click();
  await expect.poll(() => stored().takePartInTraining, soon).toBe(true);
  expect(stored().trainingSharePercent).toBe(20);
  await page.getByText(/^Now (serving|training|serving and training)\./).waitFor();
  await slider().focus();
  await page.keyboard.press('Home');
  await expect.poll(() => stored().trainingSharePercent, soon).toBe(0);
  await page.getByText('Serves, and never trains.').waitFor();
});

test('a schedule painted with keys is stored, and with every hour it is none again', async () => {
  await openSchedule();
  await page.locator('[data-cell][tabindex="0"]').focus();
  for (const key of ['PageDown', 'Home', 'Shift+ArrowRight', 'Shift+ArrowRight', 'Space'])
    await page.keyboard.press(key);
  await page.getByText('Sun 01:30–24:00').waitFor();
  await expect.poll(() => stored().computeSchedule?.[6], soon).toBe(`000${'1'.repeat(45)}`);
  await button('Always').click();
  await expect.poll(() => stored().computeSchedule, soon).toBeNull();
});

test('outside the hours the node says why it is paused; it earns anyway for an hour, and rests again when told', async () => {
  await openSchedule();
  await button('None').click();
  await page.keyboard.press('Control+1');
  await page.getByText('Paused because').waitFor({ timeout: 60_000 });
  await page.getByText('Outside your hours', { exact: true }).waitFor();
  await button('Earn anyway for 1 h').click();
  await page.getByText('Earning', { exact: true }).waitFor({ timeout: 60_000 });
  await page.getByText(/Earning although .* until \d\d:\d\d/).waitFor();
  await button('Stop that').click();
  await page.getByText('Paused because').waitFor({ timeout: 60_000 });
  await openSchedule();
  await button('Always').click();
  await page.keyboard.press('Control+1');
  await page.getByText('Earning', { exact: true }).waitFor({ timeout: 60_000 });
});

test('a pause of one’s own stands in the list, and resuming ends it', async () => {
  await button('More ways to pause').click();
  await page.getByRole('menuitem', { name: 'For 1 hour' }).click();
  await page.getByText('You paused it', { exact: true }).waitFor();
  await page.getByText(/\d+ min left/).waitFor();
  await button('Resume').click();
  await page.getByText('Earning', { exact: true }).waitFor({ timeout: 60_000 });
});

test('limits are stored as they are typed, and the machine’s page draws them', async () => {
  await page.keyboard.press('Control+7');
  await button('Limits').click();
  const memory = page.getByLabel('Memory: While nobody does', { exact: true });
  await memory.fill('60');
  await memory.press('Enter');
  await expect.poll(() => stored().limitsIdle.ramPercent, soon).toBe(60);
  const price = page.getByLabel('Price of electricity');
  await price.fill('0.31');
  await price.press('Enter');
  await expect.poll(() => stored().powerMicroUsdPerKwh, soon).toBe(310_000);
  await button('Now').click();
  await page.getByText('Limit for the node').first().waitFor();
});

test('the browser’s console stays empty', () => {
  expect(problems).toEqual([]);
});
