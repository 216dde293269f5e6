import { execFileSync } from 'node:child_process';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchDesktop, quitDesktop, stopDisplay } from './harness/desktop.ts';
import { earn, onboard } from './harness/flow.ts';
import { freshProfile } from './harness/places.ts';

let app: ElectronApplication;
let page: Page;
const profile = freshProfile();

const hostRuns = () => {
  try {
    return (
      execFileSync('pgrep', ['-f', `host.js serve --profile ${profile}`], { encoding: 'utf8' }).trim() !== ''
    );
  } catch {
    return false;
  }
};

beforeAll(async () => {
  ({ app, page } = await launchDesktop(profile));
}, 400_000);
afterAll(async () => {
  await app?.close().catch(() => {});
  stopDisplay();
});

test('the window is sandboxed and its page reaches neither Node nor Electron', async () => {
  await page.getByRole('button', { name: 'Skip' }).waitFor({ timeout: 30_000 });
  const reach = await page.evaluate(() => ({
    node: typeof (globalThis as { process?: unknown }).process,
    require: typeof (globalThis as { require?: unknown }).require,
    bridge: Object.keys((globalThis as { bridge?: object }).bridge ?? {}).sort(),
  }));
  expect(reach).toEqual({
    node: 'undefined',
    require: 'undefined',
    bridge: ['pathOfFile', 'request', 'subscribe'],
  });
  expect(new URL(page.url()).protocol).toBe('app:');
});

test('start earning: a real request is served and agreed', async () => {
  await onboard(page);
  await earn(page);
});

test('the shell tells the host who sits here and how the computer is fed', async () => {
  const surroundings = await page.evaluate(
    () =>
      new Promise<Record<string, unknown>>((resolve) => {
        const { bridge } = globalThis as unknown as {
          bridge: { subscribe(name: string, listener: (data: unknown) => void): () => void };
        };
        bridge.subscribe('resources.current', (reading) => {
          const { surroundings: told } = reading as { surroundings: Record<string, unknown> };
          if (told.onBattery !== null && told.idleSeconds !== null) resolve(told);
        });
      }),
  );
  expect(surroundings).toMatchObject({ onBattery: false, idleSeconds: expect.any(Number) });
});

test('pause and resume, when other pages were open in between', async () => {
  await page.getByRole('link', { name: 'Queue' }).click();
  await page.getByRole('heading', { level: 1, name: 'Queue' }).waitFor();
  await page.getByRole('link', { name: 'Dashboard' }).click();
  await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByText('Paused', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('Earning', { exact: true }).waitFor();
});

test('closing the window keeps the node earning', async () => {
  await app.evaluate(({ BrowserWindow, dialog }) => {
    dialog.showMessageBox = () => Promise.resolve({ response: 0, checkboxChecked: false });
    BrowserWindow.getAllWindows()[0]?.close();
  });
  const visible = await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible());
  expect(visible).toBe(false);
  expect(hostRuns()).toBe(true);
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.show());
  await page.getByText('Earning', { exact: true }).waitFor();
});

test('quit drains: the app and its host end', async () => {
  await quitDesktop(app);
  expect(hostRuns()).toBe(false);
});
