import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPreview, type Preview } from './harness/preview-pages.ts';
import { seriousFaults } from './harness/serious-faults.ts';

/** What the desktop app's window shows while its node host is away, on sample data. */
let preview: Preview;
beforeAll(async () => {
  preview = await openPreview();
}, 120_000);
afterAll(() => preview?.close());

test.each([
  ['starting', 'Starting the node …'],
  ['preparing', '37 %'],
  ['restarting', 'The node has ended by itself and is started again.'],
  ['failed', 'The ledger is from a newer version'],
  ['crashed', 'The node keeps ending'],
])('%s: “%s”, in light and dark, large and small, without a serious fault', async (state, words) => {
  const { page } = preview;
  for (const theme of ['light', 'dark'] as const) {
    // Without settings the system's theme holds.
    await page.emulateMedia({ colorScheme: theme });
    for (const [width, height] of [
      [1400, 900],
      [900, 600],
    ] as const) {
      await page.setViewportSize({ width, height });
      await preview.open('dashboard', `host=${state}&theme=${theme}`);
      await page.getByText(words).waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
      if (process.env.SHOTS)
        await page.screenshot({ path: `${process.env.SHOTS}/${state}-${theme}-${width}.png` });
    }
  }
});

test('the browser’s console stays empty', () => {
  expect(preview.problems).toEqual([]);
});
