import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { screenshot } from './harness/places.ts';
import { openPreview, type Preview } from './harness/preview-pages.ts';
import { seriousFaults } from './harness/serious-faults.ts';

/** Sharing the machine and good manners in all their states, on sample data. */
let preview: Preview;
let page: Page;
beforeAll(async () => {
  preview = await openPreview();
  ({ page } = preview);
}, 120_000);
afterAll(() => preview?.close());

const open = (hash: string, wish?: string) => preview.open(hash, wish);
const button = (name: string) => preview.button(name);
const slider = () => page.getByRole('slider', { name: 'Share for training' });
const cell = (day: number, slot: number) => page.locator(`[data-cell="${day} ${slot}"]`);

test.each([
  ['dashboard', 'hybrid=both', 'Both fit side by side.'],
  ['dashboard', 'hybrid=switching', 'Requests that run are finished.'],
  ['dashboard', 'hybrid=held&held', 'Outside your hours.'],
  ['dashboard', 'hybrid=only-serving', 'Only serving is possible now'],
  ['dashboard', 'hybrid=only-training', 'Only training'],
  ['dashboard', 'anyway', 'Earning although there are reasons to rest'],
  ['dashboard', 'state=paused-all', 'Paused because'],
  ['resources', 'price', 'Memory by work'],
  ['resources', 'gpus=2', 'GPU · AMD Radeon RX 6600'],
  ['resources', 'gpus=0', 'No GPU was found'],
  ['resources/schedule', '', 'Allowed at all hours.'],
  ['resources/limits', 'price', 'How much the node may take'],
])(
  '%s?%s says “%s” in light and dark, large and small, without a serious fault',
  async (hash, wish, words) => {
    for (const theme of ['light', 'dark']) {
      await open(hash, `${wish}&theme=${theme}`);
      await page.locator('main').getByText(words).first().waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      for (const [width, height] of [
        [1400, 900],
        [900, 600],
      ] as const) {
        await page.setViewportSize({ width, height });
        const overflows = await page.locator('main').evaluate((main) => main.scrollWidth > main.clientWidth);
        expect(overflows, `wider than ${width} px`).toBe(false);
      }
      await page.setViewportSize({ width: 1280, height: 800 });
      if (hash === 'resources/schedule' || hash === 'resources/limits')
        await page.screenshot({ path: screenshot(`${hash.split('/')[1]}-${theme}`) });
    }
  },
);

test('while the slider is dragged it says what the position would mean, and nothing is stored before it is let go', async () => {
  await open('dashboard');
  await page.getByText('30 % of the memory and threads').waitFor();
  const track = await slider().locator('xpath=../..').boundingBox();
  const thumb = await slider().locator('xpath=..').boundingBox();
  if (!track || !thumb) throw new Error('there is no slider');
  await page.mouse.move(thumb.x + thumb.width / 2, thumb.y + thumb.height / 2);
  await page.mouse.down();
  await page.mouse.move(track.x + track.width * 0.85, thumb.y + 5, { steps: 12 });
  await page.getByText('In turns: 85 % of the time for training').waitFor();
  await page.getByText('Would be unloaded: Qwen3 8B.').waitFor();
  expect(await page.getByText('Changing from').count()).toBe(0);
  await page.mouse.up();
  await page.getByText('Changing from serving and training').waitFor();
});

test('the slider answers to its keys', async () => {
  await open('dashboard');
  await slider().focus();
  for (const [key, value] of [
    ['ArrowRight', 35],
    ['ArrowUp', 40],
    ['ArrowLeft', 35],
    ['PageUp', 55],
    ['PageDown', 35],
    ['End', 100],
    ['Home', 0],
  ] as const) {
    await page.keyboard.press(key);
    expect(await slider().getAttribute('aria-valuenow'), key).toBe(String(value));
  }
  expect(await slider().getAttribute('aria-valuetext')).toBe('0 % training, 100 % serving');
  await page.getByText('Now serving. The slider stands at its end.').waitFor();
});

test('moved while training is off, it asks in its card whether to take part', async () => {
  await open('dashboard', 'training=off&hybrid=inference');
  expect(await slider().getAttribute('aria-valuenow')).toBe('0');
  await slider().focus();
  await page.keyboard.press('PageUp');
  await page.getByText('Training is off. Take part in rounds, with 20 % for training?').waitFor();
  await button('Cancel').click();
  expect(await slider().getAttribute('aria-valuenow')).toBe('0');
  await slider().focus();
  await page.keyboard.press('PageUp');
  await button('Take part').click();
  await page.getByText('Now serving and training.').waitFor();
  expect(await slider().getAttribute('aria-valuenow')).toBe('20');
});

test('pausing for a while of one’s own length; reasons that may be overruled are, and that ends with a press', async () => {
  await open('dashboard');
  await button('More ways to pause').click();
  await page.getByRole('menuitem', { name: 'For a while' }).click();
  await page.getByLabel('Pause for').fill('0');
  await page.getByLabel('Pause for').press('Enter');
  await page.getByText('From 1 minute to a week.').waitFor();
  await page.getByLabel('Pause for').fill('2');
  await page.getByLabel('Unit').selectOption('hours');
  await page.getByLabel('Pause for').press('Enter');
  await page.getByText('Paused because').waitFor();

  await open('dashboard', 'state=paused-two');
  await page.getByText('The other reasons stay.').waitFor();
  await button('Earn anyway for 1 h').click();
  await page.getByText(/Earning although .* until \d\d:\d\d/).waitFor();
  await button('Stop that').click();
  await page.getByText('Outside your hours', { exact: true }).waitFor();
});

test('the schedule is painted by the mouse, by touch of a preset and with keys; one press takes it back', async () => {
  await open('resources/schedule');
  const from = await cell(1, 20).boundingBox();
  const to = await cell(3, 29).boundingBox();
  if (!from || !to) throw new Error('there is no grid');
  await page.mouse.move(from.x + 4, from.y + 4);
  await page.mouse.down();
  await page.mouse.move(to.x + 4, to.y + 4, { steps: 10 });
  await page.mouse.up();
  await page.getByText('Tue–Thu 00:00–10:00, 15:00–24:00').waitFor();
  await button('Undo').click();
  await page.getByText('Mon–Sun all day').waitFor();

  await button('Nights and weekends').click();
  await page.getByText('Mon–Fri 00:00–07:00, 22:00–24:00 · Sat–Sun all day').waitFor();
  await page.locator('[data-cell][tabindex="0"]').focus();
  for (const key of ['PageUp', 'Home', 'Shift+ArrowRight', 'Shift+ArrowDown', 'Space'])
    await page.keyboard.press(key);
  await page.getByText('Mon–Tue 01:00–07:00, 22:00–24:00').waitFor();
  expect(await cell(1, 1).getAttribute('aria-selected')).toBe('false');
  expect(await cell(1, 1).getAttribute('aria-label')).toBe('Tuesday 00:30–01:00, not allowed');
  expect(await cell(1, 1).evaluate((element) => element === document.activeElement)).toBe(true);

  await page.getByLabel('Day to copy').selectOption('Sunday');
  await page.getByLabel('Days to copy to').selectOption('Monday to Friday');
  await button('Copy').click();
  await page.getByText('Mon–Sun all day').waitFor();
  await button('None').click();
  await page.getByText('No hour is allowed, so the node never earns.').waitFor();
});

test('a limit that is not allowed is refused in words, and one that does not fit another is pointed out', async () => {
  await open('resources/limits', 'price');
  const inUse = page.getByLabel('Processor: While you use the computer');
  await inUse.fill('4');
  await inUse.press('Enter');
  await page.getByText('A whole number from 5 to 100.').waitFor();
  await inUse.fill('95');
  await inUse.press('Enter');
  await page.getByText('More than while nobody uses the computer (90).').waitFor();
  const price = page.getByLabel('Price of electricity');
  await price.fill('cheap');
  await price.press('Enter');
  await page.getByText('An amount in $ from -10 to 10').waitFor();
  await price.fill('');
  await price.press('Enter');
  await page.getByText('Needs the price of electricity.').waitFor();

  const program = page.getByRole('combobox', { name: 'Program' });
  await program.click();
  await program.fill('ble');
  await page.getByRole('option', { name: 'blender' }).click();
  await button('Remove blender').waitFor();
  await program.fill('My game');
  await program.press('Enter');
  await button('Remove My game').click();
  await button('Remove My game').waitFor({ state: 'detached' });
});

test('settings of manners are found by their words', async () => {
  await open('settings');
  await page.getByRole('searchbox').fill('schedule');
  await page.getByRole('link', { name: 'Open the schedule' }).first().click();
  await page.getByRole('grid', { name: 'Hours for computing' }).waitFor();
});

test('what electricity leaves is said where its price is known, and what is not known is a dash', async () => {
  await open('dashboard', 'price&money=sol');
  await page.getByText('≈ $0.012/h after electricity').waitFor();
  await open('dashboard', 'price&power=loss&money=sol');
  await page.getByText('≈ −$0.022/h after electricity').waitFor();
  await open('dashboard', 'money=sol');
  await page.getByText('Earned today').waitFor();
  expect(await page.getByText('after electricity').count()).toBe(0);
  await open('earnings', 'money=sol');
  await page.getByRole('link', { name: 'Set the price' }).waitFor();
});

test('the figures behind a chart of the machine are a click away', async () => {
  await open('resources');
  await button('Temperature').first().click();
  await button('Show as table').first().click();
  await page
    .getByRole('table', { name: /RTX 4070: temperature/ })
    .getByText(/\d\d °C/)
    .first()
    .waitFor();
});

test('the browser’s console stays empty', () => {
  expect(preview.problems).toEqual([]);
});
