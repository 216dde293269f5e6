import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createGpuEngine } from './gpu-engine.ts';

let folder: string;
let registry: Server;
let asked: string[];

/** A registry that has no package. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-engine-'));
  asked = [];
  registry = createServer((request, response) => {
    asked.push(decodeURIComponent(request.url ?? ''));
    response
      .writeHead(404, { 'content-type': 'application/json' })
      .end('{"error":"there is no such package"}');
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('npm_config_registry', `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`);
  vi.stubEnv('npm_config_cache', join(folder, 'npm'));
  vi.stubEnv('npm_config_fetch_retries', '0');
  vi.stubEnv('npm_config_update_notifier', 'false');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  registry.closeAllConnections();
  await new Promise((resolve) => registry.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const open = (change: Partial<Parameters<typeof createGpuEngine>[0]> = {}) =>
  createGpuEngine({
    dir: join(folder, 'training/gpu-engine'),
    nvidiaGpu: () => 'NVIDIA GeForce RTX 4070',
    isInstalled: () => false,
    onInstalled: () => {},
    ...change,
  });

test('without an NVIDIA GPU it is not possible, says so, and nothing is fetched', async () => {
  const engine = open({ nvidiaGpu: () => null });
  const state = { state: 'not-possible', detail: 'No NVIDIA GPU was found in this computer.' };
  expect(engine.state.get()).toEqual(state);
  await expect(engine.install()).rejects.toMatchObject({
    code: 'training/engine-install-failed',
    message: state.detail,
  });
  expect(engine.state.get()).toEqual(state);
  expect(asked).toEqual([]);
});

test('an install that fails tells its reason, and can be tried again', async () => {
  mkdirSync(join(folder, 'training'));
  const engine = open();
  expect(engine.state.get()).toEqual({ state: 'available', detail: null });
  for (const tries of [1, 2]) {
    const states: string[] = [];
    const end = engine.state.subscribe(({ state }) => states.push(state));
    await expect(engine.install()).rejects.toMatchObject({
      code: 'training/engine-install-failed',
      message: expect.stringMatching(/404|not found/i),
    });
    end();
    expect(states).toEqual([tries === 1 ? 'available' : 'failed', 'installing', 'failed']);
    expect(engine.state.get().detail).toMatch(/404|not found/i);
    expect(
      asked.filter((path) => path.startsWith('/@tensorflow/tfjs-node-gpu')).length,
    ).toBeGreaterThanOrEqual(tries);
  }
});

test('a program that does not even start is a failure like any other', async () => {
  // The folder that npm would run in is not there.
  const engine = open();
  await expect(engine.install()).rejects.toMatchObject({ code: 'training/engine-install-failed' });
  expect(engine.state.get()).toMatchObject({ state: 'failed', detail: expect.stringMatching(/ENOENT/) });
  mkdirSync(join(folder, 'training'));
  await expect(engine.install()).rejects.toThrow(/404|not found/i);
});
