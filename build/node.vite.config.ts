import { defineConfig } from 'vite';
import { nodeExternals } from './packaging/stage.ts';

const root = new URL('..', import.meta.url).pathname;

/** The programs that run in plain Node, all files in one folder; native packages stay packages. */
export default defineConfig({
  root,
  publicDir: false,
  ssr: {
    noExternal: true,
    external: nodeExternals,
  },
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'out/node',
    emptyOutDir: true,
    rollupOptions: {
      input: {
        host: `${root}src/node/index.ts`,
        gateway: `${root}src/gateway/index.ts`,
        'llama-worker': `${root}src/node/inference/runtimes/llama-cpp/worker.ts`,
        'transformers-worker': `${root}src/node/inference/runtimes/transformers/worker.ts`,
        trainer: `${root}src/node/training/trainer/worker.ts`,
      },
      output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
});
