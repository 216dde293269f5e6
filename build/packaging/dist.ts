import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { electronRuntime } from '../scripts/electron-runtime.ts';
import { smokeRun } from './smoke.ts';
import { stageApp } from './stage.ts';
import { stageData } from './stage-data.ts';

/**
 * `npm run dist`: installers for this platform. `-- --dir`: the unpacked app alone, with whatever Electron is here, and a smoke run
 * of it. Other arguments go to electron-builder.
 */
const root = new URL('../..', import.meta.url).pathname;
const args = process.argv.slice(2);
const isDir = args.includes('--dir');

execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
stageApp(root);
stageData(root);

const electron = isDir ? await electronRuntime({ forTests: true }) : null;
const electronArgs = electron
  ? [`-c.electronDist=${dirname(electron)}`, `-c.electronVersion=${versionOf(electron)}`]
  : [];
const built = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/electron-builder/cli.js'),
    '--config',
    'build/packaging/electron-builder.yml',
    ...electronArgs,
    ...args,
  ],
  { cwd: root, stdio: 'inherit' },
);
if (built.status !== 0) process.exit(built.status ?? 1);

if (isDir) {
  const program = packagedProgram();
  console.log(`Smoke run of ${program} …`);
  const seconds = await smokeRun(program);
  console.log(`The packaged app earned its first test credits ${seconds.toFixed(1)} s after its start.`);
}

function versionOf(program: string): string {
  return readFileSync(join(dirname(program), 'version'), 'utf8')
    .trim()
    .replace(/^v/, '');
}

function packagedProgram(): string {
  const output = join(root, 'release');
  const names = {
    linux: 'solanalm-node',
    win32: 'SolanaLM Node.exe',
    darwin: 'SolanaLM Node.app/Contents/MacOS/SolanaLM Node',
  };
  const name = names[process.platform as keyof typeof names];
  const folder = readdirSync(output).find((entry) => name && existsSync(join(output, entry, name)));
  if (!folder) throw new Error('electron-builder left no app in release/.');
  return join(output, folder, name);
}
