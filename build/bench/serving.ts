import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createParser } from 'eventsource-parser';
import { unwrap } from '#contract/result.ts';
import { createHost } from '#node/host.ts';
import { besideOthers } from '#testing/beside-others.ts';
import { startHostProcess } from '#testing/host-process.ts';
import { shape134M, writeRandomModel } from '#testing/random-model.ts';
import type { BenchOptions } from './index.ts';
import { percentile, spread } from './statistics.ts';

const parallels = [1, 4, 8, 16];
const threadCounts = [1, 2];
const rounds = 3;
const maxTokens = 48;
const contextSize = 512;

interface Reading {
  tokensPerSecond: number;
  firstMs: number[];
}
interface Peer {
  name: string;
  measure(prompts: string[]): Promise<Reading>;
  end(): Promise<void>;
}

/**
 * On a random 134 M model: tokens a second and time to first token through this node's HTTP API, of node-llama-cpp alone with its own
 * and with full batching, and of llama-server where LLAMA_SERVER names its program, interleaved, with prompts that no peer has seen
 * before; ratios are ours / theirs. With two threads the node is measured as it is before and after “Optimise for this computer”.
 * Then what only the node is asked: a known beginning, a burst, loads and unloads.
 */
export async function run(_options: BenchOptions) {
  const modelPath = randomModel();
  const rows = [];
  for (const threads of threadCounts) rows.push(...(await beside(modelPath, threads)));
  return {
    bench: 'serving',
    peers: { llamaServer: process.env.LLAMA_SERVER !== undefined },
    rows,
    prefix: await measurePrefix(modelPath),
    burst: await measureBurst(modelPath),
    cycles: await measureCycles(),
  };
}

async function beside(modelPath: string, threads: number) {
  const nodes = [await nodePeer(modelPath, threads, 1)];
  if (threads > 1) nodes.push(await nodePeer(modelPath, threads, threads));
  const peers = [
    ...nodes,
    await alonePeer(modelPath, threads, 'stock'),
    await alonePeer(modelPath, threads, 'full'),
    ...(process.env.LLAMA_SERVER
      ? [await llamaServerPeer(process.env.LLAMA_SERVER, modelPath, threads)]
      : []),
  ];
  const readings = new Map<string, Reading[]>();
  for (const peer of peers) await peer.measure(newPrompts('warm up', 1));
  for (let round = 0; round < rounds; round += 1)
    for (const parallel of parallels) {
      const prompts = newPrompts(`round ${round}, ${parallel} at once`, parallel);
      for (const peer of peers) {
        const key = `${peer.name} ${parallel}`;
        readings.set(key, [...(readings.get(key) ?? []), await peer.measure(prompts)]);
      }
    }
  for (const peer of peers) await peer.end();
  const of = (name: string, parallel: number) => readings.get(`${name} ${parallel}`) ?? [];
  const p95 = (list: Reading[]) =>
    percentile(
      list.flatMap(({ firstMs }) => firstMs),
      0.95,
    );
  return parallels.map((parallel) => ({
    threads,
    parallel,
    ...Object.fromEntries(
      peers.map(({ name }) => [
        name,
        {
          tokensPerSecond: spread(of(name, parallel).map((reading) => reading.tokensPerSecond)),
          firstTokenP95Ms: Math.round(p95(of(name, parallel))),
        },
      ]),
    ),
    ratios: Object.fromEntries(
      nodes.flatMap((node) =>
        peers.slice(nodes.length).map(({ name }) => [
          `${node.name} / ${name}`,
          {
            tokensPerSecond: spread(
              of(node.name, parallel).map(
                (ours, round) =>
                  ours.tokensPerSecond / (of(name, parallel)[round]?.tokensPerSecond ?? Number.NaN),
              ),
            ),
            firstTokenP95: Number((p95(of(node.name, parallel)) / p95(of(name, parallel))).toPrecision(3)),
          },
        ]),
      ),
    ),
  }));
}

/** Prompts of about 160 tokens that differ from their first words on. */
function newPrompts(title: string, count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `${index} of ${title}: ${'the quick fox jumps '.repeat(3)}`,
  );
}

/** Time to first token of a prompt of over 1,000 tokens, and of another one with the same first 1,000. */
async function measurePrefix(modelPath: string) {
  const node = await startNode({ models: [modelPath], contextSize: 2048, parallelRequests: 4, threads: 1 });
  const rules = 'the quick fox jumps '.repeat(25);
  const firstMs = async (text: string) =>
    (await overHttp(node.url, node.key, 'random-134M', [text])).firstMs[0] ?? Number.NaN;
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = await firstMs(`round ${round}: ${rules}. What is allowed?`);
    ratios.push((await firstMs(`round ${round}: ${rules}. And what is forbidden?`)) / first);
  }
  await node.end();
  return { secondByFirst: spread(ratios), goal: 0.2 };
}

/**
 * 200 requests at once on a queue of 100, and on a bare server that refuses all: what its answers take is the client's own time and
 * the machine's, and no refusal can come sooner.
 */
async function measureBurst(modelPath: string) {
  const node = await startNode({
    models: [modelPath],
    contextSize,
    parallelRequests: 8,
    threads: 'auto',
    queueLimit: 100,
  });
  const bare = await bareServer();
  await burst(bare.url, '');
  const bursts = [];
  for (let round = 0; round < rounds; round += 1) {
    const refusedBare = await burst(bare.url, '');
    const refused = await burst(node.url, node.key);
    bursts.push({
      refused,
      refusedBare,
      beyondBare: refused.map((ms, index) => ms - (refusedBare[index] ?? 0)),
    });
  }
  bare.end();
  await node.end();
  return {
    refused: bursts.map(({ refused }) => refused.length),
    refusedMs: spread(bursts.flatMap(({ refused }) => refused)),
    refusedByBareServerMs: spread(bursts.flatMap(({ refusedBare }) => refusedBare.slice(0, 100))),
    beyondBareServerMs: spread(bursts.flatMap(({ beyondBare }) => beyondBare)),
    goalRefusedMs: 50,
  };
}

/** Milliseconds to each refusal, ascending. */
async function burst(url: string, key: string): Promise<number[]> {
  const answers = await Promise.all(
    newPrompts('the burst', 200).map(async (content) => {
      const startedAt = performance.now();
      const response = await chat(url, key, 'random-134M', content, {
        stream: false,
        max_tokens: 16,
      });
      const ms = performance.now() - startedAt;
      await response.arrayBuffer();
      return { status: response.status, ms };
    }),
  );
  return answers
    .filter(({ status }) => status === 503)
    .map(({ ms }) => ms)
    .sort((one, other) => one - other);
}

/** A server in a process of its own that reads a request and refuses it. */
async function bareServer() {
  const child = fork(new URL('bare-server.ts', import.meta.url).pathname);
  const port = await new Promise((resolve) => child.once('message', resolve));
  return { url: `http://127.0.0.1:${port}/`, end: () => child.disconnect() };
}

/** Resident memory of a host, garbage collected, after 5 and after 50 loads and unloads of the shipped model. */
async function measureCycles() {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const profileDir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  const host = await createHost({ profileDir, logLevel: 'silent' });
  host.settings.update(besideOthers);
  const call = async (name: string, input: unknown = {}) => unwrap(await host.contract.request(name, input));
  await call('settings.update', { onboarded: true, apiPort: 0, testRequestsPerMinute: 0 });
  const resident: number[] = [];
  for (let cycle = 1; cycle <= 50; cycle += 1) {
    await call('node.start');
    await call('node.stop');
    if (cycle !== 5 && cycle !== 50) continue;
    collectGarbage();
    resident.push(process.memoryUsage.rss());
  }
  await host.dispose();
  rmSync(profileDir, { recursive: true, force: true });
  const [fifth = 0, last = 0] = resident;
  return {
    after5Mb: Math.round(fifth / 1e6),
    after50Mb: Math.round(last / 1e6),
    ratio: Number((last / fifth).toFixed(3)),
  };
}

function randomModel(): string {
  const folder = join(homedir(), '.cache', 'solanalm-node');
  const path = join(folder, 'random-134M.gguf');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path)) writeRandomModel(path, shape134M);
  return path;
}

interface NodeWish {
  models: string[];
  engineProcesses?: number;
  contextSize: number;
  parallelRequests: number;
  threads: number | 'auto';
  queueLimit?: number;
}

async function startNode({ models, ...wish }: NodeWish) {
  const profileDir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  const host = await startHostProcess(profileDir);
  for (const path of models) await host.call('models.add', { path });
  await host.call('settings.update', {
    onboarded: true,
    apiPort: 0,
    ...(models.length > 0 ? { servedModels: ['random-134M'] } : {}),
    ...wish,
    testRequestsPerMinute: 0,
    requestsPerMinutePerKey: 100_000,
  });
  await host.call('node.start', {});
  const { apiUrl } = await host.until('node.status', (status) => status.apiUrl !== null);
  const { key } = await host.call('access.key', {});
  return {
    url: `${apiUrl}/v1/chat/completions`,
    key,
    host,
    async end() {
      await host.shutdown();
      rmSync(profileDir, { recursive: true, force: true });
    },
  };
}

async function nodePeer(modelPath: string, threads: number, engineProcesses: number): Promise<Peer> {
  const { url, key, end } = await startNode({
    models: [modelPath],
    contextSize,
    parallelRequests: 16,
    threads,
    engineProcesses,
  });
  const name = engineProcesses === 1 ? 'node' : `node, ${engineProcesses} engine processes`;
  return { name, measure: (prompts) => overHttp(url, key, 'random-134M', prompts), end };
}

async function alonePeer(modelPath: string, threads: number, batching: 'stock' | 'full'): Promise<Peer> {
  const entry = new URL('engine-alone.ts', import.meta.url).pathname;
  const child: ChildProcess = fork(entry, [modelPath, `${threads}`, `${contextSize}`, batching]);
  const answer = () => new Promise<unknown>((resolve) => child.once('message', resolve));
  await answer();
  return {
    name: `engine alone, ${batching} batches`,
    async measure(prompts) {
      child.send({ parallel: prompts.length, prompts, maxTokens });
      return (await answer()) as Reading;
    },
    end: async () => void child.disconnect(),
  };
}

async function llamaServerPeer(program: string, modelPath: string, threads: number): Promise<Peer> {
  const port = 18_081;
  const slots = 16;
  const args = [
    '-m',
    modelPath,
    '-t',
    `${threads}`,
    '-tb',
    `${threads}`,
    '--host',
    '127.0.0.1',
    '--port',
    `${port}`,
  ];
  const child = spawn(program, [...args, '-c', `${contextSize * slots}`, '-np', `${slots}`, '--no-webui'], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    ))
  )
    execFileSync('sleep', ['0.2']);
  return {
    name: 'llama-server',
    measure: (prompts) => overHttp(`${url}/v1/chat/completions`, 'none', 'random-134M', prompts),
    end: async () => void child.kill(),
  };
}

function chat(url: string, key: string, model: string, content: string, more: object): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content }],
      max_tokens: maxTokens,
      temperature: 0,
      ...more,
    }),
  });
}

/** Streams a chat a prompt, all at once, and counts what the usage frames say. */
async function overHttp(url: string, key: string, model: string, prompts: string[]): Promise<Reading> {
  const startedAt = performance.now();
  const results = await Promise.all(
    prompts.map(async (content) => {
      const response = await chat(url, key, model, content, {
        stream: true,
        stream_options: { include_usage: true },
      });
      let firstMs = 0;
      let tokens = 0;
      const parser = createParser({
        onEvent({ data }) {
          if (data === '[DONE]') return;
          const chunk = JSON.parse(data);
          if (chunk.choices?.[0]?.delta?.content) firstMs ||= performance.now() - startedAt;
          tokens = chunk.usage?.completion_tokens ?? tokens;
        },
      });
      const decoder = new TextDecoder();
      for await (const bytes of response.body ?? [])
        parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }));
      return { tokens, firstMs };
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    tokensPerSecond: results.reduce((sum, { tokens }) => sum + tokens, 0) / seconds,
    firstMs: results.map(({ firstMs }) => firstMs),
  };
}
