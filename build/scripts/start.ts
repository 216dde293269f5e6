import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildApp } from './build-app.ts';
import { electronRuntime } from './electron-runtime.ts';

/** `npm start`: the desktop app, or where that cannot be, the headless node with the same pages. */
const root = new URL('../..', import.meta.url).pathname;
const args = process.argv.slice(2);

buildApp(() => console.log('Building …'));
const hasDisplay =
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
const electron = hasDisplay ? await electronRuntime() : null;

if (electron) {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  run(electron, [...(isRoot ? ['--no-sandbox'] : []), root, ...args]);
} else {
  console.log(
    `${hasDisplay ? 'There is no Electron here' : 'There is no display here'}: starting the node without a window.`,
  );
  run(process.execPath, [join(root, 'out/node/host.js'), 'serve', '--ui', ...args]);
}

function run(program: string, programArgs: string[]): void {
  const child = spawn(program, programArgs, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => process.exit(code ?? 0));
}
