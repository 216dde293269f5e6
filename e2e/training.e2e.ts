import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { screenshot } from './harness/places.ts';
import { openPreview, type Preview } from './harness/preview-pages.ts';
import { seriousFaults } from './harness/serious-faults.ts';

/** The Training page in all states of a round, on sample data. */
let preview: Preview;
let page: Page;
beforeAll(async () => {
  preview = await openPreview();
  ({ page } = preview);
}, 120_000);
afterAll(() => preview?.close());

const open = (wish: string, detail = '') => preview.open(`training${detail}`, wish);
const button = (name: string) => preview.button(name);

test.each([
  ['off', 'Train on data that stays here'],
  ['idle', 'Waiting for a round'],
  ['training', 'Training'],
  ['uploading', 'Handing in the update'],
  ['rewarded', 'Update handed in'],
  ['failed', 'Round failed'],
])('%s says where the round stands, without a serious fault for assistive tools', async (state, words) => {
  for (const theme of ['light', 'dark']) {
    await open(`training=${state}&theme=${theme}`);
    await page.locator('main').getByText(words, { exact: true }).first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    if (state === 'training') await page.screenshot({ path: screenshot(`training-sample-${theme}`) });
  }
  await page.setViewportSize({ width: 900, height: 600 });
  const overflows = await page.locator('main').evaluate((main) => main.scrollWidth > main.clientWidth);
  await page.setViewportSize({ width: 1280, height: 800 });
  expect(overflows, 'wider than a small window').toBe(false);
});

test('the line of steps tells the present one, and what stands below it stays in place from step to step', async () => {
  const tops = new Set<number>();
  for (const [state, step] of [
    ['idle', 'Waiting'],
    ['selected', 'Selected'],
    ['downloading', 'Download'],
    ['training', 'Training'],
    ['uploading', 'Upload'],
    ['rewarded', 'Reward'],
  ] as const) {
    await open(`training=${state}`);
    expect(await page.locator('[aria-current="step"]').textContent()).toContain(step);
    const box = await page.getByRole('heading', { name: 'Loss in this round' }).boundingBox();
    tops.add(box?.y ?? Number.NaN);
  }
  expect([...tops]).toHaveLength(1);
});

test('while a round trains its figures move and nothing else does', async () => {
  await open('training=moving');
  await button('Pause training').waitFor();
  const seen = await page.evaluate(
    () =>
      new Promise<{ shift: number; texts: number }>((resolve) => {
        let shift = 0;
        const texts = new Set<string>();
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) shift += (entry as unknown as { value: number }).value;
        }).observe({ type: 'layout-shift' });
        const look = setInterval(() => texts.add(document.querySelector('main')?.textContent ?? ''), 50);
        setTimeout(() => {
          clearInterval(look);
          resolve({ shift, texts: texts.size });
        }, 3000);
      }),
  );
  // A figure at the right edge that gains a digit counts for some 0.00001; a line that moves for 0.01 and more.
  expect(seen.shift).toBeLessThan(0.001);
  expect(seen.texts).toBeGreaterThan(3);
});

test('taking part, pausing and leaving are a button each; leaving asks first', async () => {
  await open('training=off&fresh');
  await button('Take part').click();
  await page.getByText('Waiting for a round').waitFor();
  await page.getByRole('checkbox', { name: 'Take part' }).click();
  await button('Take part').waitFor();

  await open('training=training');
  await button('Pause training').click();
  await page.getByText('Training paused').waitFor();
  await button('Resume training').click();
  await button('Leave the round').click();
  await page.getByRole('alertdialog').waitFor();
  await page.keyboard.press('Escape');
  await button('Pause training').waitFor();
  await button('Leave the round').click();
  await button('Leave it').click();
  await page.getByText('Waiting for a round').waitFor();
});

test('a past round opens from its row with the keyboard and by its address; Escape closes it', async () => {
  await open('training=idle');
  const table = page.getByRole('table', { name: 'Past rounds' });
  await table.locator('tr[tabindex="0"]').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Round' }).getByText('Reward', { exact: true }).waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  const address = new URL(page.url()).hash;
  expect(address).toMatch(/^#\/training\/r-/);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(new URL(page.url()).hash).toBe('#/training');
  await open('training=idle', address.slice('#/training'.length));
  await page.getByRole('dialog', { name: 'Round' }).waitFor();
});

test('data are looked through before they are added, and are gone when they are removed', async () => {
  await open('training=idle', '/%2Bdata');
  await button('Choose a file').click();
  await page.getByLabel('Check for a task').selectOption('Spam filter');
  await page.getByText('985 of 1,003 examples are usable for this task.').waitFor();
  expect(await page.getByText('row 77').isVisible()).toBe(true);
  expect(await seriousFaults(page)).toEqual([]);
  await page.getByLabel('Name', { exact: true }).fill('Mails of 2025');
  await button('Add data').click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await button('Remove Mails of 2025').click();
  await button('Remove it').click();
  await button('Remove Mails of 2025').waitFor({ state: 'detached' });
});

test('a budget that is no number is asked for again; one that is spent says what happens', async () => {
  await open('training=idle');
  const budget = page.getByLabel('Budget', { exact: true });
  await budget.fill('much');
  await button('Save').click();
  await page.getByText('A number from 0 to 1,000.').waitFor();
  await budget.fill('3');
  await button('Save').click();
  await page.getByText('All spent: private tasks are left out').waitFor();
});

test('a task is switched by itself; the figures of a curve are a click away', async () => {
  await open('training=training');
  await page.getByRole('checkbox', { name: 'Handwritten digits' }).uncheck();
  expect(await page.getByRole('checkbox', { name: 'Spam filter' }).isChecked()).toBe(true);
  expect(await page.getByRole('checkbox', { name: 'Handwritten digits' }).isChecked()).toBe(false);
  await button('Show as table').first().click();
  await page.getByRole('table', { name: 'Loss in this round' }).getByText('720', { exact: true }).waitFor();
});

test('the browser’s console stays empty', () => {
  expect(preview.problems).toEqual([]);
});
