import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from './harness/chromium.ts';
import { type PreviewPages, servePreview } from './harness/preview-pages.ts';
import { seriousFaults } from './harness/serious-faults.ts';

const rows = 10_000;
const eventsPerSecond = 50;
const watchMs = 3000;

let pages: PreviewPages;
let browser: Browser;
let page: Page;

/** The pages on sample data, as fast as events come from a busy host. */
beforeAll(async () => {
  pages = await servePreview();
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(pages.url(`rows=${rows}&rate=${eventsPerSecond}#/queue`));
  await page.getByRole('heading', { level: 1, name: 'Queue' }).waitFor();
  await page
    .getByText(/of 400/)
    .first()
    .waitFor();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

test('10,000 rows with 50 changes a second: few are drawn, each moves on, nothing jumps', async () => {
  const seen = await page.evaluate(
    (ms) =>
      new Promise<{ shift: number; frames: number; texts: number; drawn: number }>((resolve) => {
        let shift = 0;
        let frames = 0;
        const texts = new Set<string>();
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) shift += (entry as unknown as { value: number }).value;
        }).observe({ type: 'layout-shift' });
        const until = performance.now() + ms;
        const look = () => {
          frames += 1;
          texts.add(document.querySelector('main')?.textContent ?? '');
          if (performance.now() < until) requestAnimationFrame(look);
          else
            resolve({
              shift,
              frames,
              texts: texts.size,
              drawn: document.querySelectorAll('tbody tr').length,
            });
        };
        requestAnimationFrame(look);
      }),
    watchMs,
  );
  expect(seen.shift).toBe(0);
  expect(seen.drawn).toBeGreaterThan(5);
  expect(seen.drawn).toBeLessThan(100);
  // It draws on while events come: more than a few frames, and most of them show something new.
  expect(seen.texts).toBeGreaterThan(10);
});

test('the last of 10,000 rows is a key away', async () => {
  await page.locator('tr[tabindex="0"]').focus();
  await page.keyboard.press('End');
  await page.locator(`tr[aria-rowindex="${rows + 1}"]:focus`).waitFor();
  expect(await page.locator('tbody tr').count()).toBeLessThan(100);
});

describe('a million entries', () => {
  const total = 1_000_000;
  let earnings: Page;
  const rowAt = (index: number) => earnings.locator(`tr[aria-rowindex="${index + 2}"]`);
  const table = () => earnings.getByRole('table', { name: 'Entries' });
  const scrollTo = (share: number) =>
    table().evaluate((element, at) => {
      const box = element.parentElement;
      if (box) box.scrollTop = at * (box.scrollHeight - box.clientHeight);
    }, share);

  beforeAll(async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    earnings = await context.newPage();
    await earnings.goto(pages.url(`entries=${total}&money=sol#/earnings`));
    await earnings.getByText('1,000,000 entries').waitFor();
  }, 60_000);

  test('the middle and the end are a pull of the scrollbar away, and few rows are drawn', async () => {
    await scrollTo(0.5);
    await earnings.waitForFunction(() => {
      const rows = [...document.querySelectorAll('section table tbody tr[aria-rowindex]')];
      const middle = rows.find((row) => Math.abs(Number(row.getAttribute('aria-rowindex')) - 500_000) < 30);
      return middle?.textContent?.includes('0.000 021') ?? false;
    });
    await scrollTo(1);
    await rowAt(total - 1)
      .getByText(/Paid|Disputed/)
      .waitFor();
    expect(await table().locator('tbody tr').count()).toBeLessThan(60);
  });

  test('a turn of the wheel moves by a few rows, deep within too', async () => {
    await scrollTo(0.5);
    const first = () =>
      table().evaluate((element) => {
        const top = (element.parentElement?.getBoundingClientRect().top ?? 0) + 40;
        const rows = [...element.querySelectorAll('tbody tr')];
        return Number(
          rows.find((row) => row.getBoundingClientRect().bottom > top)?.getAttribute('aria-rowindex'),
        );
      });
    await earnings.waitForTimeout(400);
    const before = await first();
    await table().hover();
    await earnings.mouse.wheel(0, 400);
    await earnings.waitForTimeout(600);
    const moved = (await first()) - before;
    expect(moved).toBeGreaterThanOrEqual(8);
    expect(moved).toBeLessThanOrEqual(12);
  });

  test('the keyboard goes from the first to the last and opens it', async () => {
    await scrollTo(0);
    await rowAt(0)
      .getByText(/0\.000/)
      .waitFor();
    await rowAt(0).focus();
    await earnings.keyboard.press('End');
    await earnings.locator(`tr[aria-rowindex="${total + 1}"]:focus`).waitFor();
    await rowAt(total - 1)
      .getByText(/0\.000/)
      .waitFor();
    await earnings.keyboard.press('Enter');
    await earnings.getByRole('dialog', { name: 'Entry and receipt' }).waitFor();
    await earnings.keyboard.press('Escape');
  });

  test('filters narrow them down, and all of what is left is there', async () => {
    await earnings.getByLabel('Kind', { exact: true }).selectOption('training');
    await earnings.getByText('25,000 entries fit').waitFor();
    await scrollTo(1);
    await rowAt(24_999).getByText('digits').waitFor();
    await earnings.getByLabel('State', { exact: true }).selectOption('disputed');
    await earnings.getByText(/^25[0-9] entries fit/).waitFor();
    await earnings.getByLabel('Request begins with').fill('no-such-request');
    await earnings.getByText('No entry fits this filter.').waitFor();
    await earnings.getByRole('button', { name: 'Clear' }).click();
    await earnings.getByText('1,000,000 entries').waitFor();
  });

  test('what is in view stays where it is while new entries come above', async () => {
    const busy = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await busy.goto(pages.url('entries=100000&earn=300#/earnings'));
    await busy.getByText(/100,0\d\d entries/).waitFor();
    const list = busy.getByRole('table', { name: 'Entries' });
    await list.evaluate((element) => {
      if (element.parentElement) element.parentElement.scrollTop = 40_000;
    });
    await busy.waitForTimeout(1000);
    const seen = () =>
      list.evaluate((element) => {
        const top = element.parentElement?.getBoundingClientRect().top ?? 0;
        const rows = [...element.querySelectorAll('tbody tr')];
        const row = rows.find((one) => one.getBoundingClientRect().top > top + 60);
        const fromEnd =
          Number(element.getAttribute('aria-rowcount')) - Number(row?.getAttribute('aria-rowindex'));
        return { fromEnd, place: Math.round((row?.getBoundingClientRect().top ?? 0) - top) };
      });
    const before = await seen();
    await busy.waitForTimeout(3500);
    expect(await seen()).toEqual(before);
    expect(Number(await list.getAttribute('aria-rowcount'))).toBeGreaterThan(100_005);
    await busy.close();
  });

  test('a receipt’s signature is checked in the window, step by step', async () => {
    const one = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await one.goto(pages.url('money=sol#/earnings/40'));
    const drawer = one.getByRole('dialog', { name: 'Entry and receipt' });
    await drawer.getByRole('button', { name: 'Check the signature' }).click();
    await drawer.getByText('solanalm-receipt-v1', { exact: false }).waitFor();
    await drawer.getByText('The signature fits: this key signed exactly this text.').waitFor();
    await drawer.getByText('The entry says the same as the receipt.').waitFor();
    await drawer.getByText('The gateway has signed it.').waitFor();
    await one.goto(pages.url('money=sol&tampered#/earnings/40'));
    await drawer.getByRole('button', { name: 'Check the signature' }).click();
    await drawer.getByText('The signature does not fit', { exact: false }).waitFor();
    await one.close();
  });

  test('nothing of it is out of reach for those who do not see it', async () => {
    for (const theme of ['dark', 'light']) {
      await earnings.goto(pages.url(`money=sol&theme=${theme}#/earnings`));
      await earnings.getByText('40 entries', { exact: true }).waitFor();
      expect(await seriousFaults(earnings), theme).toEqual([]);
    }
  });
});
