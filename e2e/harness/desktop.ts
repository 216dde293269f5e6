import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { electronRuntime } from '../../build/scripts/electron-runtime.ts';
import { root } from './places.ts';

const answerMs = 15_000;

let display: ChildProcess | null = null;
let displayName = process.env.DISPLAY;

/** A display of our own, where there is none. */
function startDisplay(): string {
  if (displayName) return displayName;
  displayName = `:${90 + (process.pid % 100)}`;
  display = spawn('Xvfb', [displayName, '-screen', '0', '1400x900x24', '-nolisten', 'tcp'], {
    stdio: 'ignore',
  });
  return displayName;
}

/** The built app in a real Electron, over a profile folder. The first start may fetch Electron, which takes minutes. */
export async function launchDesktop(
  profile: string,
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> } = {},
): Promise<{ app: ElectronApplication; page: Page }> {
  const executablePath = await electronRuntime({ forTests: true });
  if (!executablePath) throw new Error('there is no Electron for the tests on this system');
  const launch = {
    executablePath,
    timeout: 30_000,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...args, root],
    env: {
      ...process.env,
      DISPLAY: startDisplay(),
      SOLANALM_PROFILE: profile,
      SOLANALM_NODE: process.execPath,
      ...env,
    },
  };
  // On a busy machine Playwright misses about one start in ten, or sees a window that never answers it.
  const again = () => startSeen(launch);
  return again().catch(again).catch(again);
}

async function startSeen(launch: Parameters<typeof _electron.launch>[0]) {
  const app = await _electron.launch(launch);
  try {
    const page = await app.firstWindow();
    const never = new Promise<never>((_, reject) => setTimeout(reject, answerMs, new Error('no answer')));
    await Promise.race([page.evaluate(() => document.readyState), never]);
    return { app, page };
  } catch (thrown) {
    const exited = once(app.process(), 'exit');
    app.process().kill('SIGKILL');
    await exited;
    throw thrown;
  }
}

/** Quits as its menu does, and waits until the process has ended: before that a second one would give way to it. */
export async function quitDesktop(app: ElectronApplication): Promise<void> {
  const exited = once(app.process(), 'exit');
  const closed = app.waitForEvent('close', { timeout: 60_000 });
  await app.evaluate(({ app: electron }) => electron.quit());
  await Promise.all([closed, exited]);
}

export function stopDisplay(): void {
  display?.kill();
  display = null;
}
