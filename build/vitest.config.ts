import { defineConfig } from 'vitest/config';

/** Unit and integration tests beside the code. `*.heavy.test.ts` load a real model or take over a second. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    globalSetup: ['build/vitest.temporary-folder.ts'],
    include: ['src/**/*.test.{ts,tsx}', 'build/**/*.test.ts'],
    // Two cores: a real model and its neighbours must not starve each other.
    maxWorkers: 2,
    testTimeout: 30_000,
    // What is waited for comes late on a busy machine; a test that fails says so a little later.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 60_000,
  },
});
