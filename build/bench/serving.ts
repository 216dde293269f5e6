import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createParser } from 'eventsource-parser';
import { createHost, type Host } from '#node/host.ts';
import { shape134M, writeRandomModel } from '#testing/random-model.ts';
import type { BenchOptions } from './index.ts';
import { spread } from './statistics.ts';

const parallels = [1, 4, 8, 16];
const rounds = 3;
const maxTokens = 48;
const contextSize = 512;
const threads = 1;
const prompts = Array.from({ length: 16 }, (_, index) => `${'the quick fox jumps '.repeat(3)}${index}`);

interface Reading {
  tokensPerSecond: number;
  firstMs: number[];
}
interface Peer {
  name: string;
  measure(parallel: number): Promise<Reading>;
  end(): Promise<void>;
}

/**
 * Tokens a second and time to first token on a random 134 M model: through this node's HTTP API, of node-llama-cpp alone with its own
 * and with full batching, and of llama-server where LLAMA_SERVER names its program. Interleaved; ratios are ours / theirs.
 */
export async function run(_options: BenchOptions) {
  const modelPath = randomModel();
  const peers = [
    await nodePeer(modelPath),
    await alonePeer(modelPath, 'stock'),
    await alonePeer(modelPath, 'full'),
    ...(process.env.LLAMA_SERVER ? [await llamaServerPeer(process.env.LLAMA_SERVER, modelPath)] : []),
  ];
  const readings = new Map<string, Reading[]>();
  for (const peer of peers) await peer.measure(1);
  for (let round = 0; round < rounds; round += 1)
    for (const parallel of parallels)
      for (const peer of peers) {
        const key = `${peer.name} ${parallel}`;
        readings.set(key, [...(readings.get(key) ?? []), await peer.measure(parallel)]);
      }
  for (const peer of peers) await peer.end();
  const of = (name: string, parallel: number) => readings.get(`${name} ${parallel}`) ?? [];
  return {
    bench: 'serving',
    threads,
    rows: parallels.map((parallel) => ({
      parallel,
      ...Object.fromEntries(
        peers.map(({ name }) => [
          name,
          {
            tokensPerSecond: spread(of(name, parallel).map((reading) => reading.tokensPerSecond)),
            firstTokenMs: spread(of(name, parallel).flatMap((reading) => reading.firstMs)),
          },
        ]),
      ),
      ratios: Object.fromEntries(
        peers
          .slice(1)
          .map(({ name }) => [
            `node / ${name}`,
            spread(
              of('node', parallel).map(
                (ours, round) =>
                  ours.tokensPerSecond / (of(name, parallel)[round]?.tokensPerSecond ?? Number.NaN),
              ),
            ),
          ]),
      ),
    })),
  };
}

function randomModel(): string {
  const folder = join(homedir(), '.cache', 'solanalm-node');
  const path = join(folder, 'random-134M.gguf');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path)) writeRandomModel(path, shape134M);
  return path;
}

async function nodePeer(modelPath: string): Promise<Peer> {
  const profileDir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  const host: Host = await createHost({ profileDir, logLevel: 'silent' });
  const call = async (name: string, input: unknown) => {
    const result = await host.contract.request(name, input);
    if (!result.ok) throw new Error(result.error.message);
    return result.data;
  };
  await call('models.add', { path: modelPath });
  await call('settings.update', {
    onboarded: true,
    apiPort: 0,
    servedModels: ['random-134M'],
    contextSize,
    parallelRequests: 16,
    threads,
    testRequestsPerMinute: 0,
    requestsPerMinutePerKey: 100_000,
  });
  await call('node.start', {});
  const url = `${host.controller.status.get().apiUrl}/v1/chat/completions`;
  return {
    name: 'node',
    measure: (parallel) => overHttp(url, host.apiKey(), 'random-134M', parallel),
    async end() {
      await host.contract.request('node.stop', {});
      await host.dispose();
      rmSync(profileDir, { recursive: true, force: true });
    },
  };
}

async function alonePeer(modelPath: string, batching: 'stock' | 'full'): Promise<Peer> {
  const entry = new URL('engine-alone.ts', import.meta.url).pathname;
  const child: ChildProcess = fork(entry, [modelPath, `${threads}`, `${contextSize}`, batching]);
  const answer = () => new Promise<unknown>((resolve) => child.once('message', resolve));
  await answer();
  return {
    name: `engine alone, ${batching} batches`,
    async measure(parallel) {
      child.send({ parallel, prompts, maxTokens });
      return (await answer()) as Reading;
    },
    end: async () => void child.disconnect(),
  };
}

async function llamaServerPeer(program: string, modelPath: string): Promise<Peer> {
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
    measure: (parallel) => overHttp(`${url}/v1/chat/completions`, 'none', 'random-134M', parallel),
    end: async () => void child.kill(),
  };
}

/** Streams `parallel` chats at once and counts what the usage frames say. */
async function overHttp(url: string, key: string, model: string, parallel: number): Promise<Reading> {
  const startedAt = performance.now();
  const results = await Promise.all(
    prompts.slice(0, parallel).map(async (content) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          model,
          messages: [{ role: 'user', content }],
          max_tokens: maxTokens,
          temperature: 0,
          stream: true,
          stream_options: { include_usage: true },
        }),
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
