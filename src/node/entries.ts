import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const fromSource = import.meta.url.endsWith('.ts');

/** Programs that the host starts as children, from source or from the bundle (all files of it lie in out/node). */
const entries = {
  'llama-worker': 'inference/runtimes/llama-cpp/worker.ts',
  'transformers-worker': 'inference/runtimes/transformers/worker.ts',
  trainer: 'training/trainer/worker.ts',
  gateway: '../gateway/index.ts',
} as const;

export function entryPath(name: keyof typeof entries): string {
  return fromSource ? join(here, entries[name]) : join(here, `${name}.js`);
}

/** What ships as data: models, locales, help. The desktop app says where it put them. */
export function resourcesDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.SOLANALM_RESOURCES ?? join(here, '../../resources');
}
