import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { systemClock } from '#node/clock.ts';
import { openLedger } from '#node/ledger/ledger.ts';
import { startHostProcess } from '#testing/host-process.ts';
import { sampleProvider } from '#testing/sample-provider.ts';
import type { BenchOptions } from './index.ts';
import { percentile, spread } from './statistics.ts';

const portkeyVersion = '1.15.2';
const rounds = 3;
const loadSeconds = 4;
const fixedRate = 100;
const streams = 100;
const streamTokens = 200;
const memoryRequests = 100_000;
const ledgerEntries = 20_000;
const inspectorPort = 19_377;

interface Peer {
  name: string;
  url: string;
  headers: Record<string, string>;
  end(): Promise<void>;
}
const chat = { messages: [{ role: 'user', content: 'What is the capital of France?' }], max_tokens: 20 };

/**
 * A proxy node beside Portkey's gateway (and LiteLLM where LITELLM names its program), before the same provider, which answers at once:
 * requests a second, latency that is added at a fixed rate, streamed tokens a second, memory, and the ledger alone. A relay that only
 * passes bytes on shows what the machine itself takes. Peers are interleaved; each has one process.
 */
export async function run(_options: BenchOptions) {
  const upstream = await startUpstream();
  const bare: Peer = {
    name: 'bare upstream',
    url: upstream.url,
    headers: {},
    end: async () => upstream.end(),
  };
  const node = await startNode(upstream.url);
  const peers = [node, await startRelay(upstream.url), await startPortkey(upstream.url)];
  if (process.env.LITELLM) peers.push(await startLiteLlm(process.env.LITELLM, upstream.url));
  for (const peer of [bare, ...peers]) await load(peer, 16, 1);
  const result = {
    bench: 'proxy',
    peers: peers.map(({ name }) => name),
    requestsPerSecond: await compare([bare, ...peers], [16, 128], (peer, connections) =>
      load(peer, connections, loadSeconds),
    ),
    addedLatencyMs: await addedLatency(bare, peers),
    streamedTokensPerSecond: await compare([bare, ...peers], [streams], (peer) => stream(peer)),
    memory: await measureMemory(node),
    ledger: await measureLedger(),
  };
  for (const peer of [...peers, bare]) await peer.end();
  return result;
}

/** Each peer at each width, interleaved; ratios are ours / theirs of the same round. */
async function compare(
  peers: Peer[],
  widths: number[],
  measure: (peer: Peer, width: number) => Promise<number>,
) {
  const rows = [];
  for (const width of widths) {
    const readings = new Map<string, number[]>();
    for (let round = 0; round < rounds; round += 1)
      for (const peer of peers)
        readings.set(peer.name, [...(readings.get(peer.name) ?? []), await measure(peer, width)]);
    const ours = readings.get('node') ?? [];
    const others = peers.filter(({ name }) => name !== 'node' && name !== 'bare upstream');
    rows.push({
      connections: width,
      ...Object.fromEntries([...readings].map(([name, values]) => [name, spread(values)])),
      ratios: Object.fromEntries(
        others.map(({ name }) => [
          `node / ${name}`,
          spread(ours.map((value, round) => value / (readings.get(name)?.[round] ?? Number.NaN))),
        ]),
      ),
    });
  }
  return rows;
}

const bodyFor = (more: object) => JSON.stringify({ model: 'gpt-4o-mini', ...chat, ...more });

/** Requests a second of so many connections that ask again at once. */
async function load(peer: Peer, connections: number, seconds: number): Promise<number> {
  const pool = new Pool(new URL(peer.url).origin, { connections });
  const body = bodyFor({});
  const until = performance.now() + seconds * 1000;
  let done = 0;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < until) {
        await once(pool, peer, body);
        done += 1;
      }
    }),
  );
  const elapsed = (performance.now() - startedAt) / 1000;
  await pool.close();
  return done / elapsed;
}

async function once(pool: Pool, { headers }: Peer, body: string): Promise<void> {
  const response = await pool.request({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const text = await response.body.text();
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${text.slice(0, 200)}`);
}

/** Milliseconds at a fixed rate over 16 connections, less the bare upstream's in the same round. */
async function addedLatency(bare: Peer, peers: Peer[]) {
  const rows = new Map<string, { p50: number[]; p99: number[] }>();
  for (let round = 0; round < rounds; round += 1) {
    const base = await latencies(bare);
    for (const peer of peers) {
      const times = await latencies(peer);
      const row = rows.get(peer.name) ?? { p50: [], p99: [] };
      row.p50.push(percentile(times, 0.5) - percentile(base, 0.5));
      row.p99.push(percentile(times, 0.99) - percentile(base, 0.99));
      rows.set(peer.name, row);
    }
  }
  return {
    requestsPerSecond: fixedRate,
    ...Object.fromEntries(
      [...rows].map(([name, { p50, p99 }]) => [name, { p50: spread(p50), p99: spread(p99) }]),
    ),
  };
}

async function latencies(peer: Peer): Promise<number[]> {
  const pool = new Pool(new URL(peer.url).origin, { connections: 16 });
  const body = bodyFor({});
  const times: number[] = [];
  const count = fixedRate * loadSeconds;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const dueAt = startedAt + (index * 1000) / fixedRate;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now())));
      const sentAt = performance.now();
      await once(pool, peer, body);
      times.push(performance.now() - sentAt);
    }),
  );
  await pool.close();
  return times;
}

/** Tokens a second over streams side by side, counted as they arrive. */
async function stream(peer: Peer): Promise<number> {
  const pool = new Pool(new URL(peer.url).origin, { connections: streams });
  const body = bodyFor({ stream: true, max_tokens: streamTokens });
  let tokens = 0;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: streams }, async () => {
      const response = await pool.request({
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { 'content-type': 'application/json', ...peer.headers },
        body,
      });
      let text = '';
      for await (const chunk of response.body) text += chunk;
      const seen = text.split('" word').length - 1;
      if (seen !== streamTokens) throw new Error(`${peer.name} relayed ${seen} of ${streamTokens} tokens`);
      tokens += seen;
    }),
  );
  const elapsed = (performance.now() - startedAt) / 1000;
  await pool.close();
  return tokens / elapsed;
}

/** Memory in MB after each tenth of 100,000 requests, garbage collected; from the third on it should stay. */
async function measureMemory(node: Peer & { pid: number }) {
  const resident: number[] = [];
  const heap: number[] = [];
  const pool = new Pool(new URL(node.url).origin, { connections: 16 });
  const body = bodyFor({});
  for (let tenth = 0; tenth < 10; tenth += 1) {
    await Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        const share = Math.floor(memoryRequests / 10 / 16) + (index < (memoryRequests / 10) % 16 ? 1 : 0);
        for (let count = 0; count < share; count += 1) await once(pool, node, body);
      }),
    );
    heap.push(await heapMb());
    resident.push(residentMb(node.pid));
  }
  await pool.close();
  const lastByThird = (readings: number[]) =>
    Number(((readings.at(-1) ?? 0) / (readings[2] ?? Number.NaN)).toFixed(3));
  return {
    requests: memoryRequests,
    residentMb: resident,
    heapMb: heap,
    residentLastByThird: lastByThird(resident),
    heapLastByThird: lastByThird(heap),
  };
}

const residentMb = (pid: number): number =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000);

/** What the node's heap holds after a collection, asked over its inspector. */
async function heapMb(): Promise<number> {
  const [target] = (await (await fetch(`http://127.0.0.1:${inspectorPort}/json`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  const ask = (id: number, method: string, params = {}) =>
    new Promise<{ result: { value: number } }>((resolve) => {
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(`${data}`);
        if (message.id === id) resolve(message.result);
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  await ask(1, 'HeapProfiler.collectGarbage');
  const { result } = await ask(2, 'Runtime.evaluate', { expression: 'process.memoryUsage().heapUsed' });
  socket.close();
  return Math.round(result.value / 1e5) / 10;
}

/** Entries a second on the disk, and none lost of those that were written when the writer is killed. */
async function measureLedger() {
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  const entry = new URL('ledger-writer.ts', import.meta.url).pathname;
  type Message = { written?: number; perSecond?: number; longestMs?: number };
  const run = (file: string, count: number, onMessage: (child: ChildProcess, message: Message) => void) =>
    new Promise<void>((resolve) => {
      const child = fork(entry, [join(dir, file), `${count}`]);
      child.on('message', (message: Message) => onMessage(child, message));
      child.once('exit', () => resolve());
    });
  const perSecond: number[] = [];
  const longestMs: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    await run(`${round}.db`, ledgerEntries, (_, message) => {
      if (message.perSecond !== undefined) perSecond.push(message.perSecond);
      if (message.longestMs !== undefined) longestMs.push(message.longestMs);
    });
  let written = 0;
  await run('killed.db', ledgerEntries, (child, message) => {
    written = message.written ?? written;
    if (written >= ledgerEntries / 2) child.kill('SIGKILL');
  });
  const ledger = openLedger(join(dir, 'killed.db'), { clock: systemClock });
  const found = ledger.totals().jobs;
  ledger.close();
  rmSync(dir, { recursive: true, force: true });
  return {
    entriesPerSecond: spread(perSecond),
    longestWriteMs: spread(longestMs),
    kill: { toldWritten: written, foundAfter: found, lost: Math.max(0, written - found) },
  };
}

async function startRelay(upstreamUrl: string): Promise<Peer> {
  const child = fork(new URL('proxy-relay.ts', import.meta.url).pathname, [upstreamUrl]);
  const port = await new Promise((resolve) => child.once('message', resolve));
  return { name: 'relay', url: `http://127.0.0.1:${port}`, headers: {}, end: async () => child.disconnect() };
}

async function startUpstream() {
  const child = fork(new URL('proxy-upstream.ts', import.meta.url).pathname);
  const port = await new Promise((resolve) => child.once('message', resolve));
  return { url: `http://127.0.0.1:${port}`, end: () => child.disconnect() };
}

async function startNode(upstreamUrl: string): Promise<Peer & { pid: number }> {
  const profileDir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  process.execArgv.push(`--inspect=127.0.0.1:${inspectorPort}`);
  const host = await startHostProcess(profileDir);
  process.execArgv.pop();
  await host.call('providers.set', {
    provider: sampleProvider('openai', { baseUrl: upstreamUrl }),
    key: 'bench-key-of-openai',
  });
  await host.call('providers.configure', { solPrice: { kind: 'fixed', microUsd: 150_000_000 } });
  await host.call('settings.update', {
    onboarded: true,
    apiPort: 0,
    serveOwnModels: false,
    queueLimit: 1000,
    testRequestsPerMinute: 0,
    requestsPerMinutePerKey: 1_000_000,
  });
  await host.call('node.start', {});
  const { apiUrl } = await host.until('node.status', (status) => status.apiUrl !== null);
  const { key } = await host.call('access.key', {});
  return {
    name: 'node',
    url: apiUrl ?? '',
    headers: { authorization: `Bearer ${key}` },
    pid: host.child.pid ?? 0,
    async end() {
      await host.shutdown();
      rmSync(profileDir, { recursive: true, force: true });
    },
  };
}

/** Installed from the npm registry on first use, apart from this project. */
async function startPortkey(upstreamUrl: string): Promise<Peer> {
  const folder = join(homedir(), '.cache', 'solanalm-node', `portkey-${portkeyVersion}`);
  const entry = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (!existsSync(entry)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    execFileSync('npm', ['install', '--ignore-scripts', `@portkey-ai/gateway@${portkeyVersion}`], {
      cwd: folder,
      stdio: 'ignore',
    });
  }
  // It adds headers to what fetch returns, which Node forbids: without this it answers every stream with 500.
  const shim = join(folder, 'mutable-headers.mjs');
  writeFileSync(
    shim,
    `const ask = globalThis.fetch;
globalThis.fetch = async (...input) => {
  const answer = await ask(...input);
  return new Response(answer.body, { status: answer.status, headers: new Headers(answer.headers) });
};
`,
  );
  const port = 18_787;
  const child = spawn(process.execPath, ['--import', shim, entry, '--headless', `--port=${port}`], {
    stdio: 'ignore',
  });
  process.once('exit', () => child.kill());
  return waitFor({
    name: 'Portkey',
    url: `http://127.0.0.1:${port}`,
    headers: {
      authorization: 'Bearer bench-key-of-openai',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `${upstreamUrl}/v1`,
    },
    end: async () => void child.kill(),
  });
}

async function startLiteLlm(program: string, upstreamUrl: string): Promise<Peer> {
  const port = 18_788;
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  const config = join(dir, 'litellm.yaml');
  writeFileSync(
    config,
    `model_list:\n  - model_name: gpt-4o-mini\n    litellm_params:\n      model: openai/gpt-4o-mini\n      api_base: ${upstreamUrl}/v1\n      api_key: bench-key-of-openai\n`,
  );
  const child = spawn(program, ['--config', config, '--port', `${port}`, '--num_workers', '1'], {
    stdio: 'ignore',
    env: { ...process.env, LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY: 'true' },
  });
  process.once('exit', () => child.kill());
  return waitFor({
    name: 'LiteLLM',
    url: `http://127.0.0.1:${port}`,
    headers: {},
    async end() {
      child.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  });
}

async function waitFor(peer: Peer): Promise<Peer> {
  const pool = new Pool(peer.url, { connections: 1 });
  for (let tries = 0; ; tries += 1) {
    try {
      await once(pool, peer, bodyFor({}));
      break;
    } catch (thrown) {
      if (tries > 150) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  }
  await pool.close();
  return peer;
}
