import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { electronRuntime } from '../build/scripts/electron-runtime.ts';
import { earn, onboard } from './harness/flow.ts';
import { freshProfile, root } from './harness/places.ts';

let display: ChildProcess | null = null;
let app: ElectronApplication;
let page: Page;
const profile = freshProfile();

/** A display of our own, where there is none. */
function startDisplay(): string {
  if (process.env.DISPLAY) return process.env.DISPLAY;
  const name = `:${90 + (process.pid % 100)}`;
  display = spawn('Xvfb', [name, '-screen', '0', '1400x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' });
  return name;
}

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
  const executablePath = await electronRuntime({ forTests: true });
  if (!executablePath) throw new Error('there is no Electron for the tests on this system');
  app = await _electron.launch({
    executablePath,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), root],
    env: {
      ...process.env,
      DISPLAY: startDisplay(),
      SOLANALM_PROFILE: profile,
      SOLANALM_NODE: process.execPath,
    },
  });
  page = await app.firstWindow();
}, 400_000);
afterAll(async () => {
  await app?.close().catch(() => {});
  display?.kill();
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

test('pause and resume', async () => {
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
  const closed = app.waitForEvent('close', { timeout: 60_000 });
  await app.evaluate(({ app: electron }) => electron.quit());
  await closed;
  expect(hostRuns()).toBe(false);
});
