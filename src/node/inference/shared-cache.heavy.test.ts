import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { WorkResult } from './job-work.ts';
import { followSharedCache, openSharedCache } from './shared-cache.ts';

const port = 18_379;
const url = `redis://127.0.0.1:${port}`;
const answer: WorkResult = {
  choices: [{ text: 'Paris.', finishReason: 'stop' }],
  vectors: [],
  text: 'Paris.',
  result: {
    promptTokens: 14,
    cachedTokens: 0,
    generatedTokens: 2,
    finishReason: 'stop',
    proxied: {
      target: 'openai/gpt-4o-mini',
      usage: { prompt: 14, cached: 0, cacheWrite: 0, completion: 2, reasoning: 0 },
      costPicoUsd: 3_300_000n,
      isEstimate: false,
      quote: null,
    },
  },
};

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version']);
    return true;
  } catch {
    return false;
  }
}

/** Against a real Redis, where there is one. */
describe.skipIf(!hasRedis())('a shared cache', () => {
  let redis: ChildProcess;
  const faults = vi.fn();

  beforeAll(() => {
    redis = spawn('redis-server', ['--port', `${port}`, '--save', '', '--appendonly', 'no'], {
      stdio: 'ignore',
    });
  });
  afterAll(() => void redis.kill());

  test('what one node keeps another one finds, until its time is over', async () => {
    const [one, other] = [openSharedCache(url, faults), openSharedCache(url, faults)];
    await vi.waitFor(
      async () => {
        one.put('warm', answer, 60_000);
        expect(await other.get('warm')).toEqual(answer);
      },
      { timeout: 10_000, interval: 100 },
    );
    expect(await other.get('nothing')).toBeUndefined();
    one.put('short', answer, 200);
    await vi.waitFor(async () => expect(await other.get('short')).toEqual(answer), { interval: 20 });
    await vi.waitFor(async () => expect(await other.get('short')).toBeUndefined(), { timeout: 3000 });
    await Promise.all([one.close(), other.close()]);
  });

  test('what is no answer is none', async () => {
    const cache = openSharedCache(url, faults);
    await vi.waitFor(async () => expect(await cache.get('warm')).toEqual(answer), { timeout: 5000 });
    faults.mockClear();
    cache.put('odd', { ...answer, text: 5 } as unknown as WorkResult, 60_000);
    await vi.waitFor(async () => {
      expect(await cache.get('odd')).toBeUndefined();
      expect(faults).toHaveBeenCalled();
    });
    await cache.close();
  });

  test('a Redis that is not there costs a tenth of a second, and no answer', async () => {
    let address: string | null = 'redis://127.0.0.1:1';
    const shared = followSharedCache(() => address, faults);
    const startedAt = performance.now();
    expect(await shared.current()?.get('warm')).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(2000);
    address = url;
    await vi.waitFor(async () => expect(await shared.current()?.get('warm')).toEqual(answer), {
      timeout: 5000,
    });
    address = null;
    expect(shared.current()).toBeNull();
    shared.dispose();
  });
});
