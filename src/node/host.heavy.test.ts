import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SettingsPatch } from '#contract/settings.ts';
import { type HostProcess, startHostProcess } from '#testing/host-process.ts';
import { smallDisk } from '#testing/small-disk.ts';

/** The node host in its own process, with its gateway and the shipped model, as a person meets it. */
let profile: string;
let host: HostProcess;

const set = (patch: SettingsPatch) => host.call('settings.update', patch);
const setUp = (patch: SettingsPatch = {}) =>
  set({ onboarded: true, apiPort: 0, testRequestsPerMinute: 0, network: { kind: 'local' }, ...patch });
const earning = () => host.until('node.status', ({ state }) => state.state === 'earning');

async function capital(baseURL: string, apiKey: string): Promise<string> {
  const client = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0 });
  const parts = await client.chat.completions.create({
    model: 'tiny-chat-Q8_0',
    messages: [{ role: 'user', content: 'What is the capital of France?' }],
    temperature: 0,
    stream: true,
  });
  let text = '';
  for await (const part of parts) text += part.choices[0]?.delta.content ?? '';
  return text;
}

beforeAll(async () => {
  profile = mkdtempSync(join(tmpdir(), 'solanalm-host-'));
  host = await startHostProcess(profile);
});
afterAll(async () => {
  await host.shutdown();
  rmSync(profile, { recursive: true, force: true });
});

test('before the setup it does not start', async () => {
  await expect(host.call('node.start', {})).rejects.toMatchObject({ code: 'node/not-set-up' });
});

test('an address that is none is refused, and nothing is stored', async () => {
  for (const payoutAddress of ['my-wallet', '11111111111111111111111111111111'])
    await expect(setUp({ payoutAddress })).rejects.toMatchObject({ code: 'wallet/invalid-address' });
  expect(await host.call('settings.get', {})).toMatchObject({ onboarded: false, payoutAddress: null });
});

test('an address where nobody gets what is paid is refused with what it is, however it is given', async () => {
  const usdc = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v';
  const refusal = {
    code: 'wallet/invalid-address',
    message: `${usdc} is a program or a token, not a wallet: what is paid there is lost.`,
  };
  await expect(set({ payoutAddress: usdc })).rejects.toMatchObject(refusal);
  await expect(host.call('wallet.setPayout', { address: usdc })).rejects.toMatchObject(refusal);
  await expect(host.call('wallet.changeRequest', { address: usdc })).rejects.toMatchObject(refusal);
  expect(await host.call('settings.get', {})).toMatchObject({ payoutAddress: null });

  const entry = new URL('index.ts', import.meta.url).pathname;
  const other = mkdtempSync(join(tmpdir(), 'solanalm-host-'));
  const started = spawnSync(process.execPath, [entry, 'serve', '--profile', other, '--payout', usdc], {
    encoding: 'utf8',
  });
  expect(started.status).toBe(1);
  expect(started.stderr.trim()).toBe(refusal.message);
  rmSync(other, { recursive: true, force: true });
});

test('a gateway that pays money needs an address to pay to', async () => {
  await setUp({ network: { kind: 'gateway', url: 'http://127.0.0.1:9' } });
  await expect(host.call('node.start', {})).rejects.toMatchObject({ code: 'wallet/needed' });
});

test('a port in use is named, and is taken once it is free', async () => {
  const other: Server = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const apiPort = typeof address === 'object' && address ? address.port : 0;
  await setUp({ apiPort });
  await expect(host.call('node.start', {})).rejects.toMatchObject({
    code: 'server/port-in-use',
    message: `Port ${apiPort} is in use by another program.`,
  });
  await new Promise((resolve) => other.close(resolve));
  await host.call('node.start', {});
  await host.call('node.stop', {});
});

test('the official client gets Paris from the node and, paid for, from the gateway', async () => {
  await setUp();
  await host.call('node.start', {});
  const { apiUrl, link } = await earning();
  if (apiUrl === null || link.state !== 'registered') throw new Error('the node is not registered');
  const { key } = await host.call('access.key', {});
  expect(await capital(apiUrl, key)).toMatch('Paris');
  const agreed = host.until('earnings.summary', ({ byState }) => BigInt(byState.vouchered) > 0n);
  expect(await capital(link.url, 'sk-payer')).toMatch('Paris');
  const { all, gatewayOwes } = await agreed;
  expect(all.jobs).toBe(1);
  expect(gatewayOwes?.lamports).toBe(all.netLamports);
});

test('optimising measures engines side by side, keeps the fastest division and earns on', {
  timeout: 120_000,
}, async () => {
  await setUp({ threads: 2 });
  await host.call('node.start', {});
  const { best, decode } = await host.call('models.optimise', { id: 'tiny-chat-Q8_0' });
  expect([1, 2]).toContain(best?.processes);
  expect(decode.map(({ parallel }) => parallel)).toEqual([1, 4, 8]);
  await earning();
  await host.call('node.stop', {});
  await set({ engineProcesses: 2 });
  await host.call('node.start', {});
  const workers = execFileSync('pgrep', ['-c', '-P', `${host.child.pid}`, '-f', 'llama-cpp/worker']);
  expect(Number(`${workers}`)).toBe(2);
  const { apiUrl } = await earning();
  const { key } = await host.call('access.key', {});
  expect(await capital(apiUrl ?? '', key)).toBe('The capital of France is Paris.');
  await host.call('node.stop', {});
  await set({ threads: 1, engineProcesses: 'auto' });
  await expect(host.call('models.optimise', { id: 'tiny-chat-Q8_0' })).rejects.toMatchObject({
    code: 'models/nothing-to-optimise',
  });
  await setUp({ threads: 'auto' });
  await host.call('node.start', {});
});

test('a killed engine costs its job an error; the node earns on', async () => {
  const worker = execFileSync('pgrep', ['-P', `${host.child.pid}`, '-f', 'llama-cpp/worker'], {
    encoding: 'utf8',
  });
  process.kill(Number(worker.trim()), 'SIGKILL');
  await host.until('node.engines', (engines) =>
    engines.some(({ state, restarts }) => state === 'ready' && restarts > 0),
  );
  const { apiUrl } = await earning();
  const { key } = await host.call('access.key', {});
  expect(await capital(apiUrl ?? '', key)).toMatch('Paris');
});

test('on a full disk it stops with the reason, and no lamport is lost', async ({ skip }) => {
  const disk = smallDisk();
  if (disk === null) return skip('this user may not mount a small disk');
  const folder = join(disk, 'profile');
  mkdirSync(folder);
  // The gateway's books lie elsewhere: another computer's disk is not full.
  const gatewayFolder = mkdtempSync(join(tmpdir(), 'solanalm-gateway-'));
  symlinkSync(gatewayFolder, join(folder, 'local-gateway'));
  const small = await startHostProcess(folder);
  try {
    await small.call('settings.update', { onboarded: true, apiPort: 0, testRequestsPerMinute: 0 });
    await small.call('node.start', {});
    const { link } = await small.until('node.status', ({ state }) => state.state === 'earning');
    if (link.state !== 'registered') throw new Error('the node is not registered');
    await capital(link.url, 'sk-payer');
    await small.until('earnings.summary', ({ byState }) => BigInt(byState.vouchered) > 0n);

    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize));
    const stopped = small.until('node.status', ({ state }) => state.state === 'problem');
    for (let attempt = 0; attempt < 200; attempt += 1)
      if ((await capital(link.url, 'sk-payer').catch(() => null)) === null) break;
    expect((await stopped).state).toMatchObject({ state: 'problem', error: { code: 'disk/full' } });

    rmSync(join(disk, 'filler'));
    await small.call('node.start', {});
    const again = await small.until('node.status', ({ state }) => state.state === 'earning');
    if (again.link.state !== 'registered') throw new Error('the node is not registered');
    await capital(again.link.url, 'sk-payer');
    const { all, gatewayOwes } = await small.until(
      'earnings.summary',
      ({ all: sum, gatewayOwes: owes }) => sum.jobs > 1 && owes?.lamports === sum.netLamports,
    );
    expect(gatewayOwes?.lamports).toBe(all.netLamports);
  } finally {
    await small.shutdown();
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true });
    rmSync(gatewayFolder, { recursive: true });
  }
});
