import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '#gateway/gateway.ts';
import { capabilitiesOf, joinScriptedNode } from './network-node.ts';

type NodeOptions = Parameters<typeof joinScriptedNode>[1];

/** For each test of a file: a local gateway on a real socket, and nodes that join it. */
export function eachWithGateway() {
  const closing: (() => Promise<unknown>)[] = [];
  const stage = {
    dataDir: '',
    gateway: undefined as unknown as Gateway,
    /** The gateway of before ends; one with the same books comes, at another port. */
    async reopen(options: Partial<GatewayOptions> = {}): Promise<void> {
      await stage.gateway.close();
      stage.gateway = await open(options);
    },
    async joinNode(options?: NodeOptions) {
      const node = await joinScriptedNode(stage.gateway, options);
      closing.push(node.close);
      return node;
    },
    /** A node that answers as the test says; it does not sign. */
    async rawNode(nodeId: string, answer: RequestListener, models = ['scripted']) {
      const server = createServer((request, response) => {
        if (request.url === '/health') response.end('{}');
        else answer(request, response);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      closing.push(async () => {
        server.closeAllConnections();
        server.close();
      });
      const body = JSON.stringify(
        capabilitiesOf({ nodeId, url }, { supported_models: models, extensions: [] }),
      );
      const registered = await fetch(`${stage.gateway.url}/nodes/register`, { method: 'POST', body });
      expect(registered.status).toBe(200);
    },
    chat: (body: Record<string, unknown> = {}, signal?: AbortSignal) =>
      fetch(`${stage.gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk-payer', 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'scripted',
          messages: [{ role: 'user', content: 'Hello there' }],
          ...body,
        }),
        ...(signal ? { signal } : {}),
      }),
  };
  const open = (options: Partial<GatewayOptions> = {}) =>
    createGateway({ port: 0, host: '127.0.0.1', dataDir: stage.dataDir, ...options });

  beforeEach(async () => {
    stage.dataDir = mkdtempSync(join(tmpdir(), 'gateway-'));
    stage.gateway = await open();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await stage.gateway.close();
    rmSync(stage.dataDir, { recursive: true });
  });
  return stage;
}
