import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { nodeHeaders, nodeRequestText } from '#contract/wire/signed-request.ts';
import { sha256Hex } from '#node/link/ed25519.ts';
import { createGatewayCalls } from '#node/link/gateway-calls.ts';
import { eachWithGateway } from '#testing/gateway-stage.ts';
import { capabilitiesOf } from '#testing/network-node.ts';
import { newKey } from '#testing/scripted-api.ts';

const stage = eachWithGateway();

describe('registering', () => {
  const refusalOf = async (change: object) => {
    const key = { ...newKey(), nodeId: 'n' };
    const calls = createGatewayCalls(stage.gateway.url, key, () => Date.now());
    const node = capabilitiesOf({ nodeId: 'n', url: 'http://127.0.0.1:9' }, change);
    return calls.register(node).catch((error: Error) => error.message);
  };

  test('names the figure that is below the minimum', async () => {
    await stage.reopen({
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
    const node = await stage.joinNode({ nodeId: 'mine' });
    await node.calls.deregister();
    await stage.reopen();
    const thief = createGatewayCalls(stage.gateway.url, { ...newKey(), nodeId: 'mine' }, () => Date.now());
    await expect(thief.register(node.capabilities)).rejects.toThrow('belongs to another key');
    const unsigned = await fetch(`${stage.gateway.url}/nodes/register`, {
      method: 'POST',
      body: JSON.stringify(node.capabilities),
    });
    expect(unsigned.status).toBe(401);
    const owner = createGatewayCalls(stage.gateway.url, node.key, () => Date.now());
    await expect(owner.register(node.capabilities)).resolves.toMatchObject({ node_id: 'mine' });
  });

  test('what a node says of its own reputation is not believed', async () => {
    const { key } = await stage.joinNode({ capabilities: { reputation_score: 1000 } });
    const shown = await (await fetch(`${stage.gateway.url}/nodes/${key.nodeId}`)).json();
    expect(shown).toMatchObject({ reputation_score: 1, status: 'online' });
  });
});

describe('maintenance', () => {
  const report = (node: Awaited<ReturnType<typeof stage.joinNode>>) =>
    createGatewayCalls(stage.gateway.url, node.key, () => Date.now()).health({
      node_id: node.key.nodeId,
      status: 'online',
      current_load: 0,
      memory_usage: 0.5,
      requests_processed: 0,
    });
  const write = (text: string) => writeFileSync(join(stage.dataDir, 'maintenance.json'), text);

  test('a file in the data folder asks nodes to rest, until its time or until it is deleted', async () => {
    const node = await stage.joinNode();
    expect(await report(node)).not.toHaveProperty('pause');
    const until = new Date(Date.now() + 60_000);
    write(JSON.stringify({ until: until.toISOString(), reason: 'new disk' }));
    expect((await report(node)).pause).toEqual({ until: until.getTime(), reason: 'new disk' });
    write(JSON.stringify({ until: Date.now() - 1 }));
    expect(await report(node)).not.toHaveProperty('pause');
    write(JSON.stringify({ until: until.getTime() }));
    expect((await report(node)).pause).toEqual({ until: until.getTime(), reason: 'maintenance' });
    rmSync(join(stage.dataDir, 'maintenance.json'));
    expect(await report(node)).not.toHaveProperty('pause');
  });

  test('a file that says nothing sensible asks for nothing, and is complained about once', async () => {
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
    const node = await stage.joinNode();
    write('{"until": "soon"');
    for (let turn = 0; turn < 3; turn += 1) expect(await report(node)).not.toHaveProperty('pause');
    expect(complaint).toHaveBeenCalledTimes(1);
    complaint.mockRestore();
  });

  test('a node that registers while it rests is sent nothing until it says that it is back', async () => {
    const node = await stage.joinNode({ capabilities: { status: 'maintenance' } });
    expect((await stage.chat()).status).toBe(503);
    await report(node);
    expect((await stage.chat()).status).toBe(200);
  });
});

describe('signed calls', () => {
  const health = { status: 'online', current_load: 0, memory_usage: 0.5, requests_processed: 1 };
  async function report(
    node: Awaited<ReturnType<typeof stage.joinNode>>,
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
    const response = await fetch(stage.gateway.url + path, {
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
    const node = await stage.joinNode();
    expect(await report(node, { nonce: 'one' })).toMatchObject({ status: 'ok' });
    expect(await report(node, { nonce: 'one' })).toMatchObject({ detail: 'This very request came before.' });
  });

  test('are good once, also when the gateway has been started anew meanwhile', async () => {
    const node = await stage.joinNode();
    const captured = { nonce: 'one', timestamp: Math.floor(Date.now() / 1000) };
    expect(await report(node, captured)).toMatchObject({ status: 'ok' });
    await stage.reopen();
    const owner = createGatewayCalls(stage.gateway.url, node.key, () => Date.now());
    await owner.register(node.capabilities);
    expect(await report(node, captured)).toMatchObject({ detail: 'This very request came before.' });
    expect(await report(node, { ...captured, nonce: 'two' })).toMatchObject({ status: 'ok' });
  });

  test.each([
    ['an old time', { timestamp: Math.floor(Date.now() / 1000) - 400 }, 'seconds off'],
    ['no time', { timestamp: '' }, 'lacks its time'],
    ['a nonce without end', { nonce: 'n'.repeat(101) }, 'lacks its time or its nonce'],
    ['another key', { key: newKey() }, 'the node’s own key'],
  ])('with %s are refused', async (_name, change, detail) => {
    const node = await stage.joinNode();
    expect((await report(node, change)).detail).toMatch(detail);
  });
});
