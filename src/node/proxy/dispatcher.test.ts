import { expect, test, vi } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { defaultProxyConfig } from '#contract/provider.ts';
import { sampleProvider } from '#testing/sample-provider.ts';
import { systemClock } from '../clock.ts';
import type { JobRequest } from '../inference/job-request.ts';
import { Budget } from './budget.ts';
import { createDispatcher, type OpenedProvider, type Spending } from './dispatcher.ts';
import { Health } from './health.ts';
import type { ProviderClient } from './providers/provider.ts';
import { proxiedRuntime } from './proxied-runtime.ts';
import { Throttle } from './throttle.ts';

const usage = { prompt: 10, cached: 0, cacheWrite: 0, completion: 2, reasoning: 0 };
const request = {
  prompt: { kind: 'completion', prompt: 'x' },
  sampling: { temperature: 0 },
  maxTokens: 5,
  stop: [],
} as const;
const job: JobRequest = {
  requestId: 'the same',
  source: { kind: 'local', client: 'test' },
  model: 'm',
  work: { kind: 'generate', request: { ...request, stop: [] }, choices: 1 },
  tipLamports: 0n,
  inputSha256: '',
  deadlineMs: Number.MAX_SAFE_INTEGER,
};

function two(spend: (spending: Spending) => Promise<void>) {
  const generate = vi.fn<ProviderClient['generate']>(async ({ onText }) => {
    void onText('Paris.');
    return { finishReason: 'stop', usage };
  });
  const open = (id: string): OpenedProvider => ({
    config: sampleProvider('openai', { id }),
    client: { lacks: new Set(), drops: new Set(), generate } as unknown as ProviderClient,
    hasKey: true,
    health: new Health(),
    throttle: new Throttle(),
    budget: new Budget({ day: 0n, month: 0n }, Date.now()),
    modelHealth: new Map(),
    modelThrottles: new Map(),
  });
  const providers = { a: open('a'), b: open('b') };
  const onFault = vi.fn();
  const dispatcher = createDispatcher({
    clock: systemClock,
    config: () => defaultProxyConfig,
    provider: (id) => providers[id as 'a' | 'b'],
    targets: () => [
      { provider: 'a', model: 'm', weight: 1 },
      { provider: 'b', model: 'm', weight: 1 },
    ],
    price: () => ({ input: 1, output: 1 }),
    allBudget: new Budget({ day: 0n, month: 0n }, Date.now()),
    spend,
    onChange() {},
    onFault,
    random: () => 0.5,
  });
  const ask = () =>
    proxiedRuntime(dispatcher, job, null).generate(
      { ...request, stop: [] },
      {},
      new AbortController().signal,
    );
  return { ask, generate, providers, onFault };
}

test('a cost that cannot be written down ends the job: nobody is asked again, and nobody is blamed', async () => {
  const { ask, generate, providers, onFault } = two(() =>
    Promise.reject(new AppError('disk/full', 'The disk is full.')),
  );
  await expect(ask()).rejects.toMatchObject({ code: 'disk/full' });
  expect(generate).toHaveBeenCalledTimes(1);
  expect(onFault).not.toHaveBeenCalled();
  expect(providers.a.health.running).toBe(0);
  expect(providers.a.throttle.running).toBe(0);
});

test('a request whose id came before costs again', async () => {
  const keys: string[] = [];
  const { ask } = two(async ({ key }) => void keys.push(key));
  await ask();
  await ask();
  expect(new Set(keys).size).toBe(2);
});
