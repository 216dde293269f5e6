import { defineConfig } from 'vitest/config';

/** Whole-app tests: real Electron, real Chromium, real model; one at a time. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    globalSetup: ['build/vitest.temporary-folder.ts'],
    include: ['e2e/**/*.e2e.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: 180_000,
  },
});
