import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

/** More stops than any page has. */
const mostTabs = 80;

/** What somebody does who has a keyboard alone. */
export function createKeyboard(page: Page) {
  /** Tab until the element has the focus; fails where it is never reached. */
  async function reach(element: Locator): Promise<void> {
    await element.waitFor();
    for (let tabs = 0; tabs < mostTabs; tabs += 1) {
      if (await element.evaluate((node) => node === document.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    expect.fail(`${element} is not reached with the Tab key`);
  }

  return {
    reach,
    async press(element: Locator): Promise<void> {
      await reach(element);
      await page.keyboard.press('Enter');
    },
    /** Writes over what stands in a field. */
    async write(element: Locator, text: string): Promise<void> {
      await reach(element);
      await page.keyboard.press('Control+a');
      await page.keyboard.type(text);
    },
  };
}
