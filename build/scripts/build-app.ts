import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;

/** Builds the app into `out/` where it is missing or older than its sources; ends the process where that fails. */
export function buildApp(onStart: () => void): void {
  if (!isStale()) return;
  onStart();
  const built = spawnSync('npm', ['run', '-s', 'build'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}

function isStale(): boolean {
  const built = join(root, 'out/node/host.js');
  if (
    !existsSync(built) ||
    !existsSync(join(root, 'out/renderer/index.html')) ||
    !existsSync(join(root, 'out/main/index.js'))
  )
    return true;
  const builtAt = statSync(built).mtimeMs;
  const sources = ['src', 'resources/locales'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true }),
  );
  return sources.some(
    (file) => file.isFile() && statSync(join(file.parentPath, file.name)).mtimeMs > builtAt,
  );
}
