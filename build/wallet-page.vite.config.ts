import { defineConfig } from 'vite';

const root = new URL('..', import.meta.url).pathname;

/** The page that asks the wallet in the system's browser: three files of fixed names, which the shell serves for one question. */
export default defineConfig({
  root: `${root}src/renderer/wallet-page`,
  publicDir: false,
  base: '/',
  logLevel: 'warn',
  build: {
    outDir: `${root}out/wallet-page`,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: { entryFileNames: 'page.js', assetFileNames: 'page[extname]', codeSplitting: false },
    },
  },
});
