import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { unwrap } from '#contract/result.ts';
import { scriptedProbe } from '#testing/host-readings.ts';
import { createHost } from './host.ts';
import type { Host } from './host-options.ts';

/** A real host with the shipped model and its local gateway, on a machine whose surroundings the test makes up. */
let profile: string;
let machine: ReturnType<typeof scriptedProbe>;
let host: Host;
const awake: boolean[] = [];

const call = async (name: string, input: unknown = {}) => unwrap(await host.contract.request(name, input));
const status = () => host.controller.status.get();
/** On what the model runs; null while it is not loaded. */
const device = async () =>
  ((await (await fetch(`${status().apiUrl}/health`)).json()) as { device: string | null }).device;
const codes = () => {
  const { state } = status();
  return state.state === 'paused' ? state.reasons.map(({ code }) => code) : [];
};
const earns = () => vi.waitFor(() => expect(status().state.state).toBe('earning'), { timeout: 60_000 });
const gatewayUrl = () => {
  const { link } = status();
  if (link.state !== 'registered') throw new Error('the node is not registered');
  return link.url;
};

const ask = (base: string, key: string, more: object = {}) =>
  fetch(`${base}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'tiny-chat-Q8_0',
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
      max_tokens: 20,
      temperature: 0,
      ...more,
    }),
  });
const own = (more: object = {}) => ask(status().apiUrl ?? '', host.apiKey(), more);
/** An answer that takes its time: a list that must be long. */
const long = {
  max_tokens: 2000,
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'list', schema: { type: 'array', items: { type: 'integer' }, minItems: 400 } },
  },
};

async function open(): Promise<void> {
  machine = scriptedProbe();
  host = await createHost({
    profileDir: profile,
    logLevel: 'silent',
    probe: machine.probe,
    keepAwake: (isOn) => awake.push(isOn),
  });
}

beforeAll(async () => {
  profile = mkdtempSync(join(tmpdir(), 'solanalm-manners-'));
  await open();
  await call('settings.update', {
    onboarded: true,
    apiPort: 0,
    testRequestsPerMinute: 0,
    exclusiveApps: ['blender'],
    requestTimeoutSeconds: 120,
  });
  await call('node.start');
  await earns();
}, 120_000);
afterAll(async () => {
  await host.dispose();
  rmSync(profile, { recursive: true, force: true });
});

test('on battery it pauses with the reason, refuses with a time to come back, and serves again on mains', async () => {
  expect(awake).toEqual([true]);
  machine.set({ onBattery: true });
  expect(codes()).toEqual(['on-battery']);
  expect(awake).toEqual([true, false]);
  const refused = await own();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('60');
  expect(await refused.json()).toMatchObject({
    error: { code: 'node/paused', message: expect.stringContaining('battery') },
  });
  const health = await fetch(`${status().apiUrl}/health`);
  expect([health.status, health.headers.get('retry-after')]).toEqual([503, '60']);
  // The gateway is told at once: it has nobody to send requests to.
  await vi.waitFor(async () => {
    const nodes = (await (await fetch(`${gatewayUrl()}/nodes`)).json()) as { status: string }[];
    expect(nodes[0]?.status).toBe('offline');
  });
  expect((await ask(gatewayUrl(), 'sk-payer')).status).toBe(503);
  machine.set({ onBattery: false });
  await vi.waitFor(() => expect(codes()).toEqual([]), { timeout: 15_000, interval: 100 });
  expect((await own()).status).toBe(200);
  await vi.waitFor(async () => expect((await ask(gatewayUrl(), 'sk-payer')).status).toBe(200), {
    timeout: 10_000,
    interval: 200,
  });
}, 60_000);

test('“earn anyway” passes over it and serves', async () => {
  machine.set({ onBattery: true });
  expect(codes()).toEqual(['on-battery']);
  await call('node.earnAnyway', { forMinutes: 5 });
  expect(status()).toMatchObject({ state: { state: 'earning' }, earnAnywayUntil: expect.any(Number) });
  expect((await own()).status).toBe(200);
  await call('node.earnAnyway', { forMinutes: 0 });
  expect(codes()).toEqual(['on-battery']);
  machine.set({ onBattery: false });
  await vi.waitFor(() => expect(codes()).toEqual([]), { timeout: 15_000, interval: 100 });
}, 60_000);

test('a program of the list ends a running answer at once, with the reason, unbooked and not counted as lost', async () => {
  expect(await device()).toBe('cpu');
  const before = await call('earnings.entries', {});
  const response = await ask(gatewayUrl(), 'sk-payer', { ...long, stream: true });
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = decoder.decode((await reader.read()).value);
  machine.set({ exclusiveApps: ['blender'] });
  expect(codes()).toEqual(['exclusive-app']);
  for (let part = await reader.read(); !part.done; part = await reader.read())
    text += decoder.decode(part.value);
  expect(text).toContain('node/paused');
  expect(text).toContain('another program needs the computer');
  expect(text).not.toContain('blender');
  expect(await call('earnings.entries', {})).toEqual(before);
  expect(status().state.state).toBe('paused');
  // The memory goes to that program too, at the next reading.
  await vi.waitFor(async () => expect(await device()).toBeNull(), { timeout: 10_000 });
  machine.set({});
  await vi.waitFor(() => expect(codes()).toEqual([]), { timeout: 15_000, interval: 100 });
  // Its model is loaded again first.
  await vi.waitFor(async () => expect((await own()).status).toBe(200), { timeout: 15_000, interval: 100 });
}, 90_000);

test('the gateway’s maintenance reaches the node with its next report, and ends with the file', async () => {
  const file = join(profile, 'local-gateway', 'maintenance.json');
  const until = Date.now() + 3_600_000;
  writeFileSync(file, JSON.stringify({ until, reason: 'new disk' }));
  // A change of what the node takes makes it report at once.
  const report = async () => {
    await call('node.pause', {});
    await call('node.resume');
  };
  await report();
  await vi.waitFor(() => expect(codes()).toEqual(['gateway']), { timeout: 40_000, interval: 100 });
  expect(status().state).toMatchObject({
    reasons: [{ until, canOverride: false, detail: { reason: 'new disk' } }],
  });
  const retryAfter = Number((await own()).headers.get('retry-after'));
  expect(retryAfter).toBeGreaterThan(3500);
  expect(retryAfter).toBeLessThanOrEqual(3600);
  rmSync(file);
  await vi.waitFor(() => expect(codes()).toEqual([]), { timeout: 40_000, interval: 100 });
}, 120_000);

test('a pause outlives a restart of the host, which registers all the same, and serves once it is resumed', async () => {
  await call('node.pause', { forMinutes: 600 });
  await host.controller.stop();
  await host.dispose();
  await open();
  await host.controller.start();
  await vi.waitFor(() => expect(codes()).toEqual(['operator']), { timeout: 60_000 });
  const refused = await own();
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(35_000);
  expect((await ask(gatewayUrl(), 'sk-payer')).status).toBe(503);
  await call('node.resume');
  await earns();
  expect((await own()).status).toBe(200);
  await vi.waitFor(async () => expect((await ask(gatewayUrl(), 'sk-payer')).status).toBe(200), {
    timeout: 10_000,
    interval: 200,
  });
}, 120_000);
