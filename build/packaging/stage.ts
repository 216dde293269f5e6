import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Packages that the node host's bundle leaves to Node: native code, or code that looks for files beside itself. */
export const nodeExternals = [
  'better-sqlite3',
  'node-llama-cpp',
  '@huggingface/transformers',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-cpu',
  'npm',
  'systeminformation',
  '@solana/web3.js',
  'pino',
  'write-file-atomic',
];

interface Manifest {
  version: string;
  os?: string[];
  cpu?: string[];
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** Builds llama.cpp from source, which a user's computer never does. */
const notNeeded = new Set(['cmake-js']);

/** Not needed at run time: sources, build tools of native packages, and other platforms' binaries. */
const leftOut = [
  /\/node-llama-cpp\/llama\/(gitRelease\.bundle$|(addon|cmake|patches|profiles|toolchains|xpack)\/)/,
  /\/node-llama-cpp\/templates\//,
  /\/better-sqlite3\/(deps|src)\//,
  // All of TensorFlow.js but what Node loads: one file a package, and the WebAssembly.
  /\/@tensorflow\/[^/]+\/(?!dist(\/|$)|package\.json\/?$|LICENSE)[^/]+/,
  /\/@tensorflow\/[^/]+\/dist\/(?!tf-[a-z-]+\.node\.js\/?$|[a-z-]+\.wasm\/?$)[^/]+/,
  // Its build for browsers, and ONNX Runtime's.
  /\/onnxruntime-web\/(dist|lib|types|docs)\//,
  /\/@huggingface\/transformers\/(src|types)\//,
  /\/@huggingface\/transformers\/dist\/(?!transformers\.node\.mjs$)[^/]+$/,
  /\.(map|md|markdown|d\.ts|d\.mts|d\.cts|tsbuildinfo)$/,
];

/**
 * Makes `out/app`: the bundles and the closure of what they load from node_modules, for this platform alone; and `out/app-node`:
 * the Node binary. Folders are emptied first.
 */
export function stageApp(root: string): void {
  const appDir = join(root, 'out/app');
  const nodeDir = join(root, 'out/app-node');
  rmSync(appDir, { recursive: true, force: true });
  rmSync(nodeDir, { recursive: true, force: true });
  mkdirSync(nodeDir, { recursive: true });
  for (const part of ['main', 'preload', 'renderer', 'wallet-page', 'node'])
    cpSync(join(root, 'out', part), join(appDir, 'out', part), { recursive: true });

  const { name, productName, version, description, license, type, main } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const dependencies = Object.fromEntries(
    nodeExternals.map((external) => [external, manifest(join(root, 'node_modules', external)).version]),
  );
  const author = 'SolanaLM Node authors';
  const homepage = 'https://solanalm.org';
  const ours = {
    name,
    productName,
    version,
    description,
    license,
    author,
    homepage,
    type,
    main,
    dependencies,
  };
  writeFileSync(join(appDir, 'package.json'), JSON.stringify(ours, null, 2));
  for (const folder of closure(root)) {
    cpSync(folder, join(appDir, folder.slice(root.length)), {
      recursive: true,
      dereference: true,
      filter: (file) => isWanted(folder, file),
    });
  }
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  cpSync(process.execPath, join(nodeDir, binary), { dereference: true });
}

function isWanted(folder: string, file: string): boolean {
  // What is nested belongs to the closure, or not, for itself.
  if (file.slice(folder.length).includes('node_modules')) return false;
  const path = file.replaceAll('\\', '/');
  const prebuilt = /\/better-sqlite3\/prebuilds\/([^/]+)\.node$/.exec(path)?.[1];
  if (prebuilt) return prebuilt === `${process.platform}-${process.arch}`;
  const onnx = /\/onnxruntime-node\/bin\/napi-v\d+\/([^/]+\/[^/]+)\//.exec(`${path}/`)?.[1];
  if (onnx) return onnx === `${process.platform}/${process.arch}`;
  return !leftOut.some((pattern) => pattern.test(path) || pattern.test(`${path}/`));
}

/** Folders of all packages that the externals need at run time, as Node would find them. */
function closure(root: string): string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string, isOptional: boolean) => {
    const folder = resolvePackage(root, from, name);
    if (!folder) {
      if (isOptional) return;
      throw new Error(`${name}, which ${from} needs, is not installed`);
    }
    if (found.has(folder) || notNeeded.has(name)) return;
    const { dependencies = {}, optionalDependencies = {}, os, cpu } = manifest(folder);
    if ((os && !os.includes(process.platform)) || (cpu && !cpu.includes(process.arch))) return;
    found.add(folder);
    for (const dependency of Object.keys(dependencies))
      visit(folder, dependency, dependency in optionalDependencies);
    for (const dependency of Object.keys(optionalDependencies)) visit(folder, dependency, true);
  };
  for (const external of nodeExternals) visit(root, external, false);
  return [...found];
}

function resolvePackage(root: string, from: string, name: string): string | null {
  for (let folder = from; folder.length >= root.length - 1; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  return null;
}

const manifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
