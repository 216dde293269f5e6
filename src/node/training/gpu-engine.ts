import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { AppError } from '#contract/errors.ts';
import type { Resources } from '#contract/resources.ts';
import type { TrainingStatus } from '#contract/training.ts';
import { createSignal, type Signal } from '../signal.ts';

/** The engine's package; its own script fetches TensorFlow and CUDA bindings (over 500 MB) from TensorFlow's storage. */
const packageName = '@tensorflow/tfjs-node-gpu';
const packageVersion = '4.22.0';
const keptOutput = 2000;
const platforms = ['linux', 'win32'];

type GpuEngineState = TrainingStatus['gpuEngine'];

export interface GpuEngine {
  state: Signal<GpuEngineState>;
  /** Installs it into the profile; resolves when it is there. Throws `training/engine-install-failed`. */
  install(): Promise<void>;
  /** Looks anew at what there is. */
  refresh(): void;
  dispose(): void;
}

/**
 * TensorFlow with CUDA, as an addition that is installed from within the app: the package from the npm registry without its scripts,
 * then its own install script with this very Node. What is half there is replaced by the next try.
 */
export function createGpuEngine(options: {
  /** Its node_modules get the package. */
  dir: string;
  /** Name of an NVIDIA GPU of this computer; null where there is none. */
  nvidiaGpu(): string | null;
  isInstalled(): boolean;
  /** A new engine is there to be used. */
  onInstalled(): Promise<void> | undefined;
}): GpuEngine {
  const { dir } = options;
  let child: ChildProcess | null = null;
  let failure: string | null = null;
  const state = createSignal<GpuEngineState>(read());

  function read(): GpuEngineState {
    if (child) return { state: 'installing', detail: null };
    if (options.isInstalled()) return { state: 'installed', detail: null };
    if (failure !== null) return { state: 'failed', detail: failure };
    if (!platforms.includes(process.platform))
      return { state: 'not-possible', detail: 'TensorFlow’s GPU engine runs on Linux and Windows.' };
    if (options.nvidiaGpu() === null)
      return { state: 'not-possible', detail: 'No NVIDIA GPU was found in this computer.' };
    return { state: 'available', detail: null };
  }
  const refresh = () => state.set(read());

  /** Runs a script of Node's to its end; rejects with the last that it said. */
  function run(args: string[], cwd: string): Promise<void> {
    return new Promise((resolve, reject) => {
      let output = '';
      const path = [
        dirname(process.execPath),
        join(join(dir, 'node_modules'), '.bin'),
        process.env.PATH ?? '',
      ];
      const mine = spawn(process.execPath, args, {
        cwd,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, PATH: path.join(delimiter) },
      });
      child = mine;
      refresh();
      const hear = (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-keptOutput);
      };
      mine.stdout.on('data', hear);
      mine.stderr.on('data', hear);
      mine.once('error', (thrown) => {
        child = null;
        reject(thrown);
      });
      mine.once('exit', (code) => {
        child = null;
        if (code === 0) resolve();
        else reject(new Error(output.trim().split('\n').slice(-3).join(' ') || `it ended with ${code}`));
      });
    });
  }

  return {
    state,
    async install() {
      const { state: now, detail } = state.get();
      if (now === 'installing' || now === 'installed') return;
      if (now === 'not-possible') throw new AppError('training/engine-install-failed', detail ?? '');
      failure = null;
      try {
        // Its program is none of the paths that the package lets be resolved.
        const npm = join(
          dirname(createRequire(import.meta.url).resolve('npm/package.json')),
          'bin/npm-cli.js',
        );
        const wanted = `${packageName}@${packageVersion}`;
        await run([npm, 'install', '--prefix', dir, '--ignore-scripts', '--no-audit', wanted], dirname(dir));
        const folder = join(join(dir, 'node_modules'), packageName);
        await run([join(folder, 'scripts/install.js'), 'gpu', 'download'], folder);
        await options.onInstalled();
        if (!options.isInstalled()) throw new Error('it is there, but this computer cannot use it');
      } catch (thrown) {
        failure = thrown instanceof Error ? thrown.message : 'unknown';
        throw new AppError('training/engine-install-failed', `The GPU engine was not installed: ${failure}`, {
          cause: thrown,
        });
      } finally {
        refresh();
      }
    },
    refresh,
    dispose: () => void child?.kill(),
  };
}

/** The first GPU that native TensorFlow could use; null where there is none. */
export const nvidiaName = ({ gpus }: Pick<Resources, 'gpus'>): string | null =>
  gpus.find(({ name }) => /nvidia|geforce|rtx|quadro|tesla/i.test(name))?.name ?? null;
