import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import type { Locator, Page } from 'playwright-core';
import { createServer } from 'vite';
import { launchChromium, openPage } from './chromium.ts';
import { root } from './places.ts';

export interface PreviewPages {
  /** Address of the pages on sample data; `wish` is what stands behind the question mark, with the page's own part. */
  url(wish: string): string;
  close(): Promise<void>;
}

/** Serves the pages on sample data, without a host. */
export async function servePreview(): Promise<PreviewPages> {
  const server = await createServer({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [react(), tailwind()],
    server: { port: 0, host: '127.0.0.1' },
  });
  await server.listen();
  return {
    url: (wish) => `${server.resolvedUrls?.local[0]}src/testing/preview/?${wish}`,
    close: () => server.close(),
  };
}

export interface Preview {
  page: Page;
  /** What the browser's console complained of. */
  problems: string[];
  /** Opens a page anew: `hash` as `training/…`, `wish` as `theme=light`. */
  open(hash: string, wish?: string): Promise<void>;
  button(name: string): Locator;
  close(): Promise<void>;
}

/** The pages on sample data in a browser. */
export async function openPreview(): Promise<Preview> {
  const [pages, browser] = await Promise.all([servePreview(), launchChromium()]);
  const { page, problems } = await openPage(browser);
  page.setDefaultTimeout(20_000);
  return {
    page,
    problems,
    async open(hash, wish = '') {
      await page.goto('about:blank');
      await page.goto(pages.url(`${wish}#/${hash}`));
      await page.locator('main h1').waitFor();
    },
    button: (name) => page.getByRole('button', { name, exact: true }),
    async close() {
      await browser.close();
      await pages.close();
    },
  };
}
