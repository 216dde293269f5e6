import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { earn, onboard } from '../../e2e/harness/flow.ts';

/** Runs the packaged app with a fresh profile until it has earned its first agreed test credits. Resolves with the seconds it took. */
export async function smokeRun(program: string): Promise<number> {
  const profile = mkdtempSync(join(tmpdir(), 'solanalm-smoke-'));
  const port = await freePort();
  const display = process.platform === 'linux' && !process.env.DISPLAY ? startDisplay() : null;
  const startedAt = performance.now();
  const app = spawn(
    program,
    [`--remote-debugging-port=${port}`, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    {
      stdio: 'ignore',
      env: { ...process.env, ...(display ? { DISPLAY: display.name } : {}), SOLANALM_PROFILE: profile },
    },
  );
  try {
    const browser = await connect(port);
    const context = browser.contexts()[0];
    const page = context?.pages()[0] ?? (await context?.waitForEvent('page'));
    if (!page) throw new Error('The packaged app has no window.');
    await onboard(page);
    await earn(page);
    const seconds = (performance.now() - startedAt) / 1000;
    await browser.close();
    return seconds;
  } finally {
    await end(app);
    display?.child.kill();
    rmSync(profile, { recursive: true, force: true });
  }
}

async function connect(port: number) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    } catch (thrown) {
      if (attempt === 60) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function end(app: ChildProcess): Promise<void> {
  if (app.exitCode !== null) return;
  const exited = new Promise((resolve) => app.once('exit', resolve));
  app.kill('SIGTERM');
  const force = setTimeout(() => app.kill('SIGKILL'), 20_000);
  await exited;
  clearTimeout(force);
}

function startDisplay(): { name: string; child: ChildProcess } {
  const name = `:${90 + (process.pid % 100)}`;
  const child = spawn('Xvfb', [name, '-screen', '0', '1400x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' });
  return { name, child };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
