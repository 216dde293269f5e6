import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { HybridStatus, WorkMode } from '#contract/hybrid.ts';
import { defaultManners } from '#contract/manners.ts';
import type { SettingsPatch } from '#contract/settings.ts';
import { createGateway, type Gateway } from '#gateway/gateway.ts';
import { entryPath, resourcesDir } from '#node/entries.ts';
import { newByteKey } from '#testing/byte-key.ts';
import { type HostProcess, startHostProcess } from '#testing/host-process.ts';

/** A real node with the shipped model and real rounds of the shipped digits, at a gateway. */
const model = 'tiny-chat-Q8_0';
let dir: string;
let gateway: Gateway;
let host: HostProcess;
let client: OpenAI;

const set = (patch: SettingsPatch) => host.call('settings.update', patch);
const status = (wanted: (now: HybridStatus) => boolean) => host.until('hybrid.status', wanted);
const isAt = (mode: WorkMode) => status((now) => now.mode === mode && now.switching === null);
const ask = (content: string) =>
  client.chat.completions.create({
    model,
    messages: [{ role: 'user', content }],
    max_tokens: 20,
    temperature: 0,
  });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'solanalm-hybrid-'));
  const { tasks } = JSON.parse(readFileSync(join(resourcesDir(), 'federated/tasks.json'), 'utf8'));
  const round = {
    ...{ secureAggregation: 'off', participants: { min: 1, max: 1, fraction: 1 }, roundMinutes: 20 },
    ...{ graceSeconds: 0, pauseSeconds: 0.2, training: { epochs: 40, batchSize: 10, learningRate: 0.02 } },
  };
  mkdirSync(join(dir, 'gateway/federated'), { recursive: true });
  writeFileSync(
    join(dir, 'gateway/federated/tasks.json'),
    JSON.stringify({ tasks: [{ ...tasks[0], ...round }] }),
  );
  gateway = await createGateway({
    ...{ port: 0, host: '127.0.0.1', dataDir: join(dir, 'gateway') },
    trainerPath: entryPath('trainer'),
    rounds: { pollMs: 200 },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-tester', maxRetries: 0 });
  host = await startHostProcess(join(dir, 'node'));
  await set({
    ...{ onboarded: true, apiPort: 0, network: { kind: 'gateway', url: gateway.url } },
    payoutAddress: newByteKey().publicKey,
    threads: 2,
    ...{ takePartInTraining: true, trainingTasks: ['digits'], trainingThreads: 1, trainingSharePercent: 0 },
  });
  await host.call('node.start', {});
}, 60_000);
afterAll(async () => {
  await host.shutdown();
  await gateway.close();
  rmSync(dir, { recursive: true, force: true });
});

test('a stream that runs is answered to its end before training gets the machine; meanwhile requests are sent away for now', {
  timeout: 120_000,
}, async () => {
  await host.until('training.status', ({ tasks }) => tasks.some(({ obstacle }) => obstacle === null));
  const { reservations } = await isAt('inference');
  expect(reservations.map(({ owner }) => owner)).toEqual(['model', 'kv-cache']);

  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'Tell me a story about Lily.' }],
    max_tokens: 120,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let usage = 0;
  let finish: string | null = null;
  for await (const part of stream) {
    if (text === '') await set({ trainingSharePercent: 100 });
    text += part.choices[0]?.delta.content ?? '';
    finish = part.choices[0]?.finish_reason ?? finish;
    usage += part.usage?.completion_tokens ?? 0;
  }
  expect(['stop', 'length']).toContain(finish);
  expect(usage).toBeGreaterThan(10);

  await isAt('training');
  await status(({ reservations: held }) => held.map(({ owner }) => owner).join() === 'training');
  expect(
    await host.until('node.engines', (engines) => engines.every(({ state }) => state === 'off')),
  ).toHaveLength(1);
  await expect(ask('What is 3 + 4?')).rejects.toMatchObject({ status: 503 });
  await expect(host.call('hybrid.preview', { trainingSharePercent: 40 })).resolves.toMatchObject({
    trainingSharePercent: 40,
  });
});

test('back to serving the trainer keeps where it stands and ends, and the model answers; the round goes on later to its reward', {
  timeout: 120_000,
}, async () => {
  await host.until('training.status', ({ state }) => state.state === 'training' && state.progress > 0);
  await set({ trainingSharePercent: 0 });
  const { reservations } = await isAt('inference');
  expect(reservations.map(({ owner }) => owner)).toEqual(['model', 'kv-cache']);
  const { choices } = await ask('What is the capital of France?');
  expect(choices[0]?.message.content).toMatch(/Paris/);
  const round = await host.until('training.status', ({ state }) => state.state === 'training');

  await set({ trainingSharePercent: 100 });
  await isAt('training');
  const { earned } = await host.until('training.status', (now) => now.earned.rounds > 0);
  expect(BigInt(earned.netLamports)).toBeGreaterThan(0n);
  const { entries } = await host.call('earnings.entries', { limit: 50 });
  const first = entries.filter(({ training }) => training !== null).at(-1);
  expect(first?.training?.roundId).toBe('roundId' in round.state ? round.state.roundId : null);
});

test.skipIf(availableParallelism() < 2)(
  'a lower limit of the processor counts for the model that is loaded, and a higher one again',
  { timeout: 60_000 },
  async () => {
    await set({ trainingSharePercent: 0 });
    await isAt('inference');
    const threads = (wanted: number) =>
      host.until('node.engines', ([engine]) => engine?.state === 'ready' && engine.threads === wanted);
    await threads(2);
    const { limitsIdle } = defaultManners;
    const cpuPercent = Math.floor(100 / availableParallelism());
    await set({ limitsIdle: { ...limitsIdle, cpuPercent } });
    const [engine] = await threads(1);
    expect(engine?.restarts).toBe(0);
    await set({ limitsIdle: { ...limitsIdle, cpuPercent: 100 } });
    await threads(2);
  },
);

test('a round is finished and paid when taking part is switched off in it, and no other begins', {
  timeout: 120_000,
}, async () => {
  await set({ trainingSharePercent: 100 });
  const before = await host.until(
    'training.status',
    ({ state }) => state.state === 'training' && state.progress > 0,
  );
  await set({ takePartInTraining: false });
  const { earned } = await host.until('training.status', ({ state }) => state.state === 'off');
  expect(earned.rounds).toBe(before.earned.rounds + 1);
  await isAt('inference');
  await set({ takePartInTraining: true });
});

test('while the operator pauses nothing is at work; afterwards both are', { timeout: 60_000 }, async () => {
  await set({ trainingSharePercent: 40 });
  await host.call('node.pause', {});
  await status(({ mode, switching }) => mode === 'none' && !switching);
  await host.call('node.resume', {});
  await status(({ mode, switching }) => mode !== 'none' && !switching);
  // The gateway hears of it a moment later.
  await vi.waitFor(() => ask('What is 3 + 4?'), { timeout: 20_000, interval: 200 });
  await host.call('node.stop', {});
  await status(({ mode, reservations }) => mode === 'none' && reservations.length === 0);
});
