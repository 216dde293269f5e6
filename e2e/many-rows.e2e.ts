import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './harness/chromium.ts';
import { type PreviewPages, servePreview } from './harness/preview-pages.ts';

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
