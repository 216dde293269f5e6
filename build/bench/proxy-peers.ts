import { execFileSync, fork, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { startHostProcess } from '#testing/host-process.ts';
import { sampleProvider } from '#testing/sample-provider.ts';

const portkeyVersion = '1.15.2';
export const inspectorPort = 19_377;

/** A process in front of the upstream, or the upstream itself. */
export interface Peer {
  name: string;
  url: string;
  headers: Record<string, string>;
  end(): Promise<void>;
}
const chat = { messages: [{ role: 'user', content: 'What is the capital of France?' }], max_tokens: 20 };

export const bodyFor = (more: object) => JSON.stringify({ model: 'gpt-4o-mini', ...chat, ...more });

/** One request and its whole answer. */
export async function once(pool: Pool, { headers }: Peer, body: string): Promise<void> {
  const response = await pool.request({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const text = await response.body.text();
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${text.slice(0, 200)}`);
}

export async function startRelay(upstreamUrl: string): Promise<Peer> {
  const child = fork(new URL('proxy-relay.ts', import.meta.url).pathname, [upstreamUrl]);
  const port = await new Promise((resolve) => child.once('message', resolve));
  return { name: 'relay', url: `http://127.0.0.1:${port}`, headers: {}, end: async () => child.disconnect() };
}

export async function startUpstream() {
  const child = fork(new URL('proxy-upstream.ts', import.meta.url).pathname);
  const port = await new Promise((resolve) => child.once('message', resolve));
  return { url: `http://127.0.0.1:${port}`, end: () => child.disconnect() };
}

export async function startNode(upstreamUrl: string): Promise<Peer & { pid: number }> {
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
export async function startPortkey(upstreamUrl: string): Promise<Peer> {
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

export async function startLiteLlm(program: string, upstreamUrl: string): Promise<Peer> {
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
