import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nodeHeaders, nodeRequestText } from '#contract/wire/signed-request.ts';
import { sha256Hex } from '#node/link/ed25519.ts';
import { createGatewayCalls } from '#node/link/gateway-calls.ts';
import { capabilitiesOf, joinScriptedNode, priceOfTokens } from '#testing/network-node.ts';
import { newKey } from '#testing/scripted-api.ts';
import { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';

let dataDir: string;
let gateway: Gateway;
const closing: (() => Promise<unknown>)[] = [];

const open = (options: Partial<GatewayOptions> = {}) =>
  createGateway({ port: 0, host: '127.0.0.1', dataDir, ...options });

async function joinNode(
  ...args: Parameters<typeof joinScriptedNode> extends [unknown, ...infer R] ? R : never
) {
  const node = await joinScriptedNode(gateway, ...args);
  closing.push(node.close);
  return node;
}

const chat = (body: Record<string, unknown> = {}, signal?: AbortSignal) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-payer', 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'scripted',
      messages: [{ role: 'user', content: 'Hello there' }],
      ...body,
    }),
    ...(signal ? { signal } : {}),
  });

/** A node that answers as the test says; it does not sign. */
async function rawNode(nodeId: string, answer: RequestListener, models = ['scripted']) {
  const server = createServer((request, response) => {
    if (request.url === '/health') response.end('{}');
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  closing.push(close);
  const body = JSON.stringify(capabilitiesOf({ nodeId, url }, { supported_models: models, extensions: [] }));
  const registered = await fetch(`${gateway.url}/nodes/register`, { method: 'POST', body });
  expect(registered.status).toBe(200);
  return { url, close };
}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'gateway-'));
  gateway = await open();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await gateway.close();
  rmSync(dataDir, { recursive: true });
});

describe('registering', () => {
  const refusalOf = async (change: object) => {
    const key = { ...newKey(), nodeId: 'n' };
    const calls = createGatewayCalls(gateway.url, key, () => Date.now());
    const node = capabilitiesOf({ nodeId: 'n', url: 'http://127.0.0.1:9' }, change);
    return calls.register(node).catch((error: Error) => error.message);
  };

  test('names the figure that is below the minimum', async () => {
    await gateway.close();
    gateway = await open({
      requirements: { cpu_cores: 1, ram_gb: 4, storage_gb: 100, network_speed_mbps: 10 },
    });
    const hardware = { cpu_cores: 2, ram_gb: 3, storage_gb: 200, network_speed_mbps: 100 };
    expect(await refusalOf({ hardware })).toMatch('hardware.ram_gb: 3 is below 4');
  });

  test('names the field that is out of range', async () => {
    expect(await refusalOf({ supported_models: [] })).toMatch('supported_models');
    expect(await refusalOf({ node_type: 'miner' })).toMatch('node_type');
  });

  test('wants an address that answers', async () => {
    expect(await refusalOf({})).toMatch('http://127.0.0.1:9/health did not answer 200 within 5 s');
  });

  test('a node id stays with its first key, also after it left and after a restart', async () => {
    const node = await joinNode({ nodeId: 'mine' });
    await node.calls.deregister();
    await gateway.close();
    gateway = await open();
    const thief = createGatewayCalls(gateway.url, { ...newKey(), nodeId: 'mine' }, () => Date.now());
    await expect(thief.register(node.capabilities)).rejects.toThrow('belongs to another key');
    const unsigned = await fetch(`${gateway.url}/nodes/register`, {
      method: 'POST',
      body: JSON.stringify(node.capabilities),
    });
    expect(unsigned.status).toBe(401);
    const owner = createGatewayCalls(gateway.url, node.key, () => Date.now());
    await expect(owner.register(node.capabilities)).resolves.toMatchObject({ node_id: 'mine' });
  });

  test('what a node says of its own reputation is not believed', async () => {
    const { key } = await joinNode({ capabilities: { reputation_score: 1000 } });
    const shown = await (await fetch(`${gateway.url}/nodes/${key.nodeId}`)).json();
    expect(shown).toMatchObject({ reputation_score: 1, status: 'online' });
  });
});

describe('maintenance', () => {
  const report = (node: Awaited<ReturnType<typeof joinNode>>) =>
    createGatewayCalls(gateway.url, node.key, () => Date.now()).health({
      node_id: node.key.nodeId,
      status: 'online',
      current_load: 0,
      memory_usage: 0.5,
      requests_processed: 0,
    });
  const write = (text: string) => writeFileSync(join(dataDir, 'maintenance.json'), text);

  test('a file in the data folder asks nodes to rest, until its time or until it is deleted', async () => {
    const node = await joinNode();
    expect(await report(node)).not.toHaveProperty('pause');
    const until = new Date(Date.now() + 60_000);
    write(JSON.stringify({ until: until.toISOString(), reason: 'new disk' }));
    expect((await report(node)).pause).toEqual({ until: until.getTime(), reason: 'new disk' });
    write(JSON.stringify({ until: Date.now() - 1 }));
    expect(await report(node)).not.toHaveProperty('pause');
    write(JSON.stringify({ until: until.getTime() }));
    expect((await report(node)).pause).toEqual({ until: until.getTime(), reason: 'maintenance' });
    rmSync(join(dataDir, 'maintenance.json'));
    expect(await report(node)).not.toHaveProperty('pause');
  });

  test('a file that says nothing sensible asks for nothing, and is complained about once', async () => {
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
    const node = await joinNode();
    write('{"until": "soon"');
    for (let turn = 0; turn < 3; turn += 1) expect(await report(node)).not.toHaveProperty('pause');
    expect(complaint).toHaveBeenCalledTimes(1);
    complaint.mockRestore();
  });

  test('a node that registers while it rests is sent nothing until it says that it is back', async () => {
    const node = await joinNode({ capabilities: { status: 'maintenance' } });
    expect((await chat()).status).toBe(503);
    await report(node);
    expect((await chat()).status).toBe(200);
  });
});

describe('signed calls', () => {
  const health = { status: 'online', current_load: 0, memory_usage: 0.5, requests_processed: 1 };
  async function report(
    node: Awaited<ReturnType<typeof joinNode>>,
    change: { timestamp?: number | string; nonce?: string; key?: ReturnType<typeof newKey> } = {},
  ) {
    const body = JSON.stringify({ node_id: node.key.nodeId, ...health });
    const path = `/nodes/${node.key.nodeId}/health`;
    const { key = node.key, nonce = `${Math.random()}`, timestamp = Math.floor(Date.now() / 1000) } = change;
    const text = nodeRequestText({
      method: 'POST',
      path,
      timestamp: Number(timestamp),
      nonce,
      bodySha256: sha256Hex(body),
    });
    const response = await fetch(gateway.url + path, {
      method: 'POST',
      body,
      headers: {
        [nodeHeaders.key]: key.publicKey,
        [nodeHeaders.timestamp]: `${timestamp}`,
        [nodeHeaders.nonce]: nonce,
        [nodeHeaders.signature]: key.sign(text),
      },
    });
    return { status: response.status, ...((await response.json()) as { detail?: string }) };
  }

  test('are good once', async () => {
    const node = await joinNode();
    expect(await report(node, { nonce: 'one' })).toMatchObject({ status: 'ok' });
    expect(await report(node, { nonce: 'one' })).toMatchObject({ detail: 'This very request came before.' });
  });

  test.each([
    ['an old time', { timestamp: Math.floor(Date.now() / 1000) - 400 }, 'seconds off'],
    ['no time', { timestamp: '' }, 'lacks its time'],
    ['a nonce without end', { nonce: 'n'.repeat(101) }, 'lacks its time or its nonce'],
    ['another key', { key: newKey() }, 'the node’s own key'],
  ])('with %s are refused', async (_name, change, detail) => {
    const node = await joinNode();
    expect((await report(node, change)).detail).toMatch(detail);
  });
});

describe('relaying', () => {
  test('an answer is passed on and owed', async () => {
    const node = await joinNode();
    const answer = await (await chat()).json();
    expect(answer).toMatchObject({
      choices: [{ message: { content: 'The capital is Paris.' } }],
      usage: { prompt_tokens: 2, completion_tokens: 4 },
    });
    const price = priceOfTokens(4);
    expect(gateway.account(node.key.nodeId)).toMatchObject({ jobs: 1, owedLamports: price - price / 20n });
  });

  test('the official client streams, with and without usage', async () => {
    await joinNode();
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-payer' });
    const ask = async (stream_options?: { include_usage: boolean }) => {
      const parts = await client.chat.completions.create({
        model: 'scripted',
        messages: [{ role: 'user', content: 'What is the capital of France?' }],
        stream: true,
        ...(stream_options ? { stream_options } : {}),
      });
      let text = '';
      let tokens: number | undefined;
      for await (const part of parts) {
        text += part.choices[0]?.delta.content ?? '';
        tokens = part.usage?.completion_tokens ?? tokens;
      }
      return { text, tokens };
    };
    expect(await ask()).toEqual({ text: 'The capital is Paris.', tokens: undefined });
    expect(await ask({ include_usage: true })).toEqual({ text: 'The capital is Paris.', tokens: 4 });
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['scripted']);
  });

  test.each([true, false])('a client that leaves cancels the work (stream: %s)', async (stream) => {
    const node = await joinNode({ pace: 'stepped' });
    const leaving = new AbortController();
    const answer = chat({ stream }, leaving.signal).then((response) => response.text());
    await vi.waitFor(() => expect(node.started).toHaveLength(1));
    node.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await vi.waitFor(() => expect(node.booked).toHaveLength(1));
    expect(node.booked[0]?.result).toMatchObject({ finishReason: 'cancelled', generatedTokens: 1 });
    await vi.waitFor(() => expect(gateway.account(node.key.nodeId).jobs).toBe(1));
    const price = priceOfTokens(1);
    expect(gateway.account(node.key.nodeId).owedLamports).toBe(price - price / 20n);
  });

  test('a node that refuses or dies before the first byte hands the request to the next', async () => {
    const tried: string[] = [];
    await rawNode('a-full', (_request, response) => {
      tried.push('full');
      response.writeHead(503, { 'retry-after': '9' }).end('{}');
    });
    await rawNode('b-dies', (request) => {
      tried.push('dies');
      request.socket.destroy();
    });
    const node = await joinNode();
    expect((await chat()).headers.get('x-node-id')).toBe(node.key.nodeId);
    expect(tried).toContain('full');
  });

  test('a node that dies amid its answer is told so in the stream, and nothing is owed', async () => {
    await rawNode('dies', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'The ' } }] })}\n\n`);
      setTimeout(() => response.destroy(), 50);
    });
    const text = await (await chat({ stream: true })).text();
    expect(text).toMatch('The ');
    expect(text).toMatch('gateway/node-failed');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(gateway.account('dies').jobs).toBe(0);
  });

  test('frames that are no JSON break nothing', async () => {
    await rawNode('odd', (_request, response) => response.end('data: {"cho\n\ndata: [DONE]\n\n'));
    expect(await (await chat({ stream: true })).text()).toMatch('gateway/node-failed');
    expect((await chat()).status).toBe(502);
  });

  test('the core route answers under the client’s own request id', async () => {
    await joinNode();
    const request = { request_id: 'r-1', model: 'scripted', prompt: 'Hello', wallet_address: 'payer' };
    const response = await fetch(`${gateway.url}/inference`, {
      method: 'POST',
      body: JSON.stringify(request),
    });
    expect(await response.json()).toMatchObject({ request_id: 'r-1', response: 'The capital is Paris.' });
  });

  test.each([
    ['an unknown model', { model: 'none' }, 404, 'inference/unknown-model'],
    ['no model', { model: 1 }, 400, 'request/invalid'],
    ['the node’s own refusal', { temperature: 'hot' }, 400, 'request/invalid'],
  ])('%s is said', async (_name, body, status, code) => {
    await joinNode();
    const response = await chat(body);
    expect({ status: response.status, ...(await response.json()) }).toMatchObject({
      status,
      error: { code },
    });
  });

  test('a full network says when to come again', async () => {
    await rawNode('full', (_request, response) => response.writeHead(503, { 'retry-after': '9' }).end('{}'));
    const response = await chat();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '9']);
  });

  test('without a wallet there is no answer, and credits end', async () => {
    await gateway.close();
    gateway = await open({ creditLimitLamports: 1000n });
    await joinNode();
    const bare = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', body: '{}' });
    expect(bare.status).toBe(401);
    expect((await chat()).status).toBe(200);
    expect((await chat()).status).toBe(402);
  });
});

describe('receipts', () => {
  async function served() {
    const node = await joinNode();
    await (await chat()).json();
    const [job] = node.booked;
    if (!job) throw new Error('nothing was served');
    return { node, job };
  }

  test('an honest receipt is accepted, also when it comes twice', async () => {
    const { node, job } = await served();
    const receipt = node.receiptOf(job);
    const [first] = await node.calls.receipts([receipt]);
    expect(first).toMatchObject({ verdict: 'accepted', owed_lamports: '958', fee_lamports: '50' });
    expect(await node.calls.receipts([receipt])).toEqual([first]);
    expect(await node.calls.account()).toMatchObject({ receipts_accepted: 1, owed_lamports: '958' });
  });

  test.each([
    ['gateway', { gateway: newKey().publicKey }],
    ['payer', { payer: 'another' }],
    ['model', { model: 'another' }],
    ['network', { network: 'devnet' as const }],
    ['input_sha256', { input_sha256: sha256Hex('another') }],
    ['output_sha256', { output_sha256: sha256Hex('another') }],
    ['tokens_prompt', { tokens_prompt: 3 }],
    ['tokens_generated', { tokens_generated: 5 }],
    ['price_atomic', { price_atomic: '999999' }],
  ])('a wrong %s is disputed by name, and stays so', async (name, change) => {
    const { node, job } = await served();
    const [verdict] = await node.calls.receipts([node.receiptOf(job, change)]);
    expect(verdict?.reason).toMatch(new RegExp(`^${name} is `));
    const [again] = await node.calls.receipts([node.receiptOf(job)]);
    expect(again?.reason).toBe('another receipt for this request came before');
    expect(await node.calls.account()).toMatchObject({ receipts_accepted: 0, receipts_disputed: 1 });
  });

  test('a receipt that is not its own node’s word is turned away and blocks nothing', async () => {
    const { node, job } = await served();
    const other = await joinNode();
    const forged = { ...node.receiptOf(job), signature: node.receiptOf(job, { seq: 900 }).signature };
    const reasons = [
      ...(await other.calls.receipts([other.receiptOf(job)])),
      ...(await other.calls.receipts([node.receiptOf(job)])),
      ...(await node.calls.receipts([forged])),
    ].map(({ reason }) => reason);
    expect(reasons).toEqual([
      'this node was not sent such a request',
      'the key is not the one this node registered with',
      'the signature is not valid',
    ]);
    expect((await node.calls.receipts([node.receiptOf(job)]))[0]?.verdict).toBe('accepted');
  });

  test('a sequence number is good once', async () => {
    const { node, job } = await served();
    await node.calls.receipts([node.receiptOf(job, { seq: 1 })]);
    await (await chat()).json();
    const second = node.booked[1];
    if (!second) throw new Error('nothing was served');
    const [verdict] = await node.calls.receipts([node.receiptOf(second, { seq: 1 })]);
    expect(verdict?.reason).toBe('seq 1 was used before');
  });

  test('a receipt that is ahead of the relay waits for an answer', async () => {
    const node = await joinNode({ pace: 'stepped' });
    const answer = chat().then((response) => response.json());
    await vi.waitFor(() => expect(node.started).toHaveLength(1));
    const requestId = node.jobs.jobs()[0]?.id ?? '';
    const early = node.receiptOf({
      request: {
        requestId,
        source: { kind: 'gateway', payer: 'payer', gatewayKey: gateway.publicKey },
        model: 'scripted',
        inputSha256: sha256Hex(''),
      },
      text: '',
      result: { promptTokens: 2, generatedTokens: 0, finishReason: 'stop' },
    } as never);
    expect(await node.calls.receipts([early])).toEqual([]);
    for (let word = 0; word < 4; word += 1) {
      node.next();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await answer;
    const [job] = node.booked;
    if (!job) throw new Error('nothing was served');
    expect((await node.calls.receipts([node.receiptOf(job)]))[0]?.verdict).toBe('accepted');
  });
});
