import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { writeOldLedger } from '#testing/old-ledger.ts';
import { launchDesktop, quitDesktop, stopDisplay } from './harness/desktop.ts';
import { freshProfile } from './harness/places.ts';

/** The desktop app whose node host cannot start, ends by itself, or has much to do before it serves. */
// A start may take some tries of half a minute.
vi.setConfig({ testTimeout: 400_000 });
let app: ElectronApplication | null = null;
let page: Page;
afterEach(async () => {
  if (app) await quitDesktop(app);
  app = null;
});
afterAll(stopDisplay);

/**
 * Stands before the Node binary: counts how often a host is started, holds it back as long as the app lives, or ends at once, where
 * that is wanted.
 */
function countedNode() {
  const dir = mkdtempSync(join(tmpdir(), 'counted-node-'));
  const [script, starts, crash, hold] = [
    join(dir, 'node.sh'),
    join(dir, 'starts'),
    join(dir, 'crash'),
    join(dir, 'hold'),
  ];
  writeFileSync(
    script,
    `#!/bin/sh\necho $$ >> '${starts}'\n[ -e '${crash}' ] && exit 7\nwhile [ -e '${hold}' ]; do kill -0 $PPID || exit; sleep 0.1; done\nexec '${process.execPath}' "$@"\n`,
  );
  chmodSync(script, 0o755);
  const pids = () => (existsSync(starts) ? readFileSync(starts, 'utf8').trim().split('\n').map(Number) : []);
  return {
    env: { SOLANALM_NODE: script },
    starts: () => pids().length,
    latestPid: () => pids().at(-1) ?? 0,
    crash: (on: boolean) => (on ? writeFileSync(crash, '') : rmSync(crash)),
    hold: (on: boolean) => (on ? writeFileSync(hold, '') : rmSync(hold)),
  };
}

const launch = async (profile: string, env: Record<string, string>) => {
  ({ app, page } = await launchDesktop(profile, { env }));
};
const tryAgain = () => page.getByRole('button', { name: 'Try again' });
const isUp = () => page.getByRole('button', { name: 'Skip' }).waitFor({ timeout: 30_000 });
/** Longer than the first three pauses before a crashed host is started again. */
const longEnoughMs = 4000;

test('a ledger of a newer version: the window says so, nothing is started again, and it runs when the file is replaced', async () => {
  const profile = freshProfile();
  const ledger = join(profile, 'node.db');
  const newer = new Database(ledger);
  newer.pragma('user_version = 99');
  newer.close();
  const node = countedNode();
  await launch(profile, node.env);
  await page.getByText(/^The ledger node\.db has version 99; this app knows up to \d+\.$/).waitFor();
  await page.getByText('Install the newest version of the app. The file was left as it is.').waitFor();
  const first = node.starts();
  await wait(longEnoughMs);
  expect(node.starts()).toBe(first);

  await app?.evaluate(({ shell }) => {
    const opened: string[] = [];
    Object.assign(globalThis, { opened });
    shell.openPath = async (path) => {
      opened.push(path);
      return '';
    };
  });
  await page.getByRole('button', { name: 'Open the data folder' }).click();
  await expect
    .poll(() => app?.evaluate(() => (globalThis as unknown as { opened: string[] }).opened))
    .toEqual([profile]);

  await tryAgain().click();
  await expect.poll(node.starts).toBe(first + 1);
  await tryAgain().waitFor();
  rmSync(ledger);
  await tryAgain().click();
  await isUp();
  expect(node.starts()).toBe(first + 2);
});

test('what the wallet signed, of a newer version or damaged: the same, and the file stays as it is', async () => {
  const profile = freshProfile();
  const wallet = join(profile, 'wallet.json');
  writeFileSync(wallet, '{"version":2}');
  const node = countedNode();
  await launch(profile, node.env);
  await page.getByText('wallet.json is damaged, or of a newer version.').waitFor();
  expect(readFileSync(wallet, 'utf8')).toBe('{"version":2}');
  const first = node.starts();
  await wait(longEnoughMs);
  expect(node.starts()).toBe(first);
  rmSync(wallet);
  await tryAgain().click();
  await isUp();
});

test('a data folder that may not be written: the window says which', async ({ skip }) => {
  const profile = freshProfile();
  try {
    execFileSync('mount', ['--bind', profile, profile], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'remount,ro,bind', profile], { stdio: 'ignore' });
  } catch {
    return skip('this user may not make a folder read-only');
  }
  const node = countedNode();
  try {
    await launch(profile, node.env);
    await page.getByText(`The node may not write to ${profile} (EROFS).`).waitFor();
    const first = node.starts();
    await wait(longEnoughMs);
    expect(node.starts()).toBe(first);
    execFileSync('umount', [profile]);
    await tryAgain().click();
    await isUp();
  } finally {
    execFileSync('sh', ['-c', `mountpoint -q '${profile}' && umount -l '${profile}' || true`]);
  }
});

test('a host that crashes is started again, and is given up after six times in a row', async () => {
  const node = countedNode();
  await launch(freshProfile(), node.env);
  await isUp();
  const first = node.starts();
  process.kill(node.latestPid(), 'SIGKILL');
  await page.getByText('The node has ended by itself and is started again.').waitFor();
  await expect.poll(node.starts).toBe(first + 1);
  await page.getByText('The node has ended by itself and is started again.').waitFor({ state: 'hidden' });
  await isUp();

  node.crash(true);
  process.kill(node.latestPid(), 'SIGKILL');
  await page
    .getByText('The node ended 6 times in a row, the last time with code 7.')
    .waitFor({ timeout: 60_000 });
  await wait(longEnoughMs);
  expect(node.starts()).toBe(first + 5);
  node.crash(false);
  await tryAgain().click();
  await isUp();
});

test('while an old ledger is brought up to date the window says how far it is', async () => {
  const profile = freshProfile();
  writeOldLedger(join(profile, 'node.db'), 200_000);
  const node = countedNode();
  node.hold(true);
  await launch(profile, node.env);
  await page.getByText('Starting the node …').waitFor();
  node.hold(false);
  await page.getByText('Preparing your ledger …').waitFor();
  const progress = page.getByRole('progressbar', { name: 'Preparing your ledger …' });
  const first = Number(await progress.getAttribute('value'));
  await expect.poll(async () => Number(await progress.getAttribute('value'))).toBeGreaterThan(first);
  await isUp();
});
