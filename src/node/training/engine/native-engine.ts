import { fork } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import util from 'node:util';
import { ready, setBackend, engine as tensorflow } from '@tensorflow/tfjs-core';
import { entryPath } from '../../entries.ts';
import type { Engine } from './engine.ts';
import { portableOps } from './portable-ops.ts';

/** The native builds of TensorFlow, the faster one first. */
const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
type NativePackage = (typeof packages)[number];

interface Probe {
  usesGpu: boolean;
}
const probeLimitMs = 60_000;
export const probeArgument = '--probe-native-engine';

/**
 * The native TensorFlow that is installed in one of these folders and works, or null. It is tried in a child process first: a library
 * that does not fit aborts, which nothing catches.
 */
export async function openNativeEngine(folders: string[]): Promise<Engine | null> {
  for (const name of packages)
    for (const folder of folders) {
      const path = installedPath(name, folder);
      const probe = path && (await probeInChild(path));
      if (!path || !probe || (name === '@tensorflow/tfjs-node-gpu' && !probe.usesGpu)) continue;
      await load(path);
      return {
        name: probe.usesGpu ? 'tensorflow-gpu' : 'tensorflow',
        device: probe.usesGpu ? 'GPU (TensorFlow, CUDA)' : 'CPU (TensorFlow)',
        usesGpu: probe.usesGpu,
        ops: portableOps,
      };
    }
  return null;
}

/** Main file of a package whose native part is there; npm installs it without, for its script is not run. */
function installedPath(name: NativePackage, folder: string): string | null {
  try {
    const require = createRequire(join(folder, 'package.json'));
    const lib = join(dirname(require.resolve(`${name}/package.json`)), 'lib');
    const isThere = readdirSync(lib).some((part) => existsSync(join(lib, part, 'tfjs_binding.node')));
    return isThere ? require.resolve(name) : null;
  } catch {
    return null;
  }
}

function probeInChild(path: string): Promise<Probe | null> {
  return new Promise((resolve) => {
    const child = fork(entryPath('trainer'), [probeArgument, path], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      timeout: probeLimitMs,
      killSignal: 'SIGKILL',
    });
    child.once('message', (probe: Probe) => resolve(probe));
    child.once('exit', () => resolve(null));
    child.once('error', () => resolve(null));
  });
}

/** In the child: loads the package, computes something with it and tells the parent; or dies of it. */
export async function probeNativeEngine(path: string): Promise<void> {
  await load(path);
  const ones = portableOps.tensor(Float32Array.of(1, 1, 1, 1), [2, 2]);
  const [sum] = portableOps.product(ones, ones, [2, 2, 2]).dataSync();
  const { isUsingGpuDevice } = tensorflow().backend as { isUsingGpuDevice?: boolean };
  const probe: Probe = { usesGpu: isUsingGpuDevice === true };
  if (sum === 2) process.send?.(probe, () => process.exit(0));
  else process.exit(1);
}

async function load(path: string): Promise<void> {
  // Node 23 took these from `util`; the package still asks for them.
  const missing = {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  };
  const target = util as unknown as Record<string, unknown>;
  for (const [name, is] of Object.entries(missing)) if (typeof target[name] !== 'function') target[name] = is;
  createRequire(path)(path);
  await setBackend('tensorflow');
  await ready();
}
