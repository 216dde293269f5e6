import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ProviderServer, startProviderServer } from '#testing/provider-server.ts';
import { launchChromium, openPage } from './harness/chromium.ts';
import { onboard } from './harness/flow.ts';
import { type HeadlessNode, startHeadlessNode } from './harness/headless-node.ts';
import { createKeyboard } from './harness/keyboard.ts';
import { seriousFaults } from './harness/serious-faults.ts';

/** A provider's life on the Providers page, with nothing but a keyboard; its API replays recorded replies over a socket. */
const apiKey = 'sk-proj-the-key-of-this-test-7890';
let server: ProviderServer;
let node: HeadlessNode;
let browser: Browser;
let page: Page;
let keyboard: ReturnType<typeof createKeyboard>;
let problems: string[];

beforeAll(async () => {
  server = await startProviderServer('openai', { apiKey });
  node = await startHeadlessNode();
  browser = await launchChromium();
  ({ page, problems } = await openPage(browser));
  page.setDefaultTimeout(15_000);
  keyboard = createKeyboard(page);
  await page.goto(node.url);
  await onboard(page);
  await page.keyboard.press('Control+5');
  await page.getByRole('heading', { level: 1, name: 'Providers' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await node?.stop();
  await server?.close();
});

const button = (name: string) => page.getByRole('button', { name, exact: true });
const posts = () => server.requests.filter(({ method }) => method === 'POST').length;
const tab = (name: string) => page.getByRole('group', { name: 'Providers' }).getByRole('button', { name });
const field = (name: string) => page.getByLabel(name, { exact: true });

async function askTry(model = 'openai/gpt-nobody-priced'): Promise<void> {
  await keyboard.press(tab('Try'));
  await keyboard.write(field('Model'), model);
  await keyboard.write(field('Prompt'), 'What is the capital of France?');
  await keyboard.press(button('Send'));
}

async function setDayBudget(dollars: string): Promise<void> {
  await keyboard.press(tab('Providers'));
  await keyboard.press(button('Edit openai'));
  await keyboard.write(field('A day'), dollars);
  await keyboard.press(button('Save'));
  await keyboard.press(button('Done'));
}

/** In both themes, at the usual width and a small one: no serious fault for assistive tools, nothing cut off. */
async function expectSound(what: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
    expect(await seriousFaults(page), `${what} ${colorScheme}`).toEqual([]);
  }
  await page.setViewportSize({ width: 700, height: 800 });
  const overflows = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  expect(overflows, `${what} is wider than a small window`).toBe(false);
  await page.setViewportSize({ width: 1280, height: 800 });
}

test('a provider is added: a wrong key is told of, the right one finds its models', async () => {
  await keyboard.press(button('Add provider'));
  await keyboard.write(field('Key'), 'sk-proj-not-the-key-at-all');
  await keyboard.write(field('Address'), server.url);
  await expectSound('the form of a provider');
  await keyboard.press(button('Add provider').last());
  await page.getByText('But it did not pass the test:').waitFor();
  await keyboard.press(button('Edit again'));
  await keyboard.write(field('Key'), apiKey);
  await keyboard.press(button('Save'));
  await page.getByText('Saved. 4 models found.').waitFor();
  await keyboard.press(button('Done'));
  await page.getByText('…7890').waitFor();
  expect(server.requests.at(-1)).toMatchObject({ path: '/v1/models', method: 'GET' });
});

test('its health shows, and a test says what it finds', async () => {
  await page.getByText('Good', { exact: true }).waitFor();
  await keyboard.press(button('Test openai'));
  await page.getByText('4 models found.').waitFor();
});

test('a model without a price gets one', async () => {
  await keyboard.press(page.getByRole('button', { name: '4 models' }));
  await page.getByText('no price: not sold').waitFor();
  await keyboard.press(button('Price and limits of gpt-nobody-priced'));
  await keyboard.write(field('Input'), '1.5');
  await keyboard.write(field('Output'), '3');
  await expectSound('the prices');
  await keyboard.press(button('Set price'));
  await page.getByText('no price: not sold').waitFor({ state: 'detached' });
  const row = page.getByRole('listitem').filter({ hasText: 'gpt-nobody-priced' });
  expect(await row.textContent()).toMatch(/\$1\.50[\s\S]*\$3/);
});

test('a model gets limits of its own', async () => {
  await keyboard.press(button('Price and limits of gpt-nobody-priced'));
  await keyboard.write(field('Requests/min'), '2');
  await keyboard.press(button('Set limits'));
  await page.getByText('2 a minute').waitFor();
});

test('the Try panel answers and says what it cost', async () => {
  await askTry();
  await page.getByText('The capital of France is Paris.').waitFor();
  await expectSound('the Try panel');
  // 14 × 1.50 $ + 8 × 3 $ for a million.
  expect(await factOf('Cost')).toBe('$0.000 045');
  expect(await factOf('Answered by')).toBe('openai/gpt-nobody-priced');
});

test('what a model’s limits do not allow is refused', async () => {
  const asked = posts();
  await askTry();
  await page.getByText('The capital of France is Paris.').waitFor();
  await keyboard.press(button('Send'));
  await page.getByRole('alert').filter({ hasText: 'The limits of openai are reached for now' }).waitFor();
  expect(posts()).toBe(asked + 1);
});

test('a budget that is set stops what would pass it', async () => {
  const asked = posts();
  await setDayBudget('0.00009');
  await page.getByText('all spent').first().waitFor();
  await page.getByText('openai, today: $0.000 09 of $0.000 09 · 100 %').waitFor();
  await expectSound('a budget that is spent');
  await askTry();
  await page.getByRole('alert').filter({ hasText: 'The budget of openai for this day is spent' }).waitFor();
  expect(posts()).toBe(asked);
});

test('a provider that refuses its key shows how it is', async () => {
  await setDayBudget('10');
  server.queue('wrong-key');
  await askTry('openai/gpt-4o-mini');
  await page.getByRole('alert').filter({ hasText: 'does not accept the key' }).waitFor();
  await keyboard.press(tab('Providers'));
  await page.getByText(/Cooling down, \d/).waitFor();
});

test('it is removed, and its key with it', async () => {
  const holds = () =>
    readdirSync(node.profile, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(apiKey))
      .map(({ name }) => name);
  expect(holds()).toEqual(['provider-keys.json']);
  await keyboard.press(button('Remove openai'));
  await keyboard.press(button('Remove it'));
  await page.getByText('Sell what providers answer').waitFor();
  expect(holds()).toEqual([]);
});

test('the browser’s console stays empty', () => {
  expect(problems).toEqual([]);
});

const factOf = (label: string) =>
  page.getByText(label, { exact: true }).locator('xpath=following-sibling::dd[1]').textContent();
