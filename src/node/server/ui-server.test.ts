import { mkdtempSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { ContractServer } from './contract-server.ts';
import { startUiServer, type UiServer } from './ui-server.ts';

const contract: ContractServer = {
  request: () => Promise.reject(new Error('not used')),
  connect(channel) {
    channel.on((message) => channel.post({ echo: message }));
    return () => {};
  },
};
let ui: UiServer;
let origin: string;
let token: string;

beforeAll(async () => {
  const rendererDir = mkdtempSync(join(tmpdir(), 'renderer-'));
  writeFileSync(join(rendererDir, 'index.html'), '<!doctype html><title>app</title>');
  ui = await startUiServer({ rendererDir, contract, port: 0 });
  origin = new URL(ui.url).origin;
  token = new URL(ui.url).hash.slice('#token='.length);
});
afterAll(() => ui.close());

const openSession = (body: string, from = origin) =>
  fetch(`${origin}/ui/session`, { method: 'POST', body, headers: { origin: from } });

const connects = (headers: Record<string, string>) =>
  new Promise<boolean>((resolve) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/ui/ws`, { headers });
    socket.on('error', () => resolve(false));
    socket.on('open', () => socket.send('"hello"'));
    socket.on('message', (data) => {
      resolve(String(data) === '{"echo":"hello"}');
      socket.close();
    });
  });

test('the page comes with a strict policy, and nothing outside its folder is served', async () => {
  const page = await fetch(origin);
  expect(await page.text()).toContain('<title>app</title>');
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self';");
  expect((await fetch(`${origin}/..%2f..%2fetc/passwd`)).status).toBe(404);
  expect((await fetch(`${origin}/%E0%A4%A`)).status).toBe(404);
});

test('another host name (DNS rebinding) is turned away', async () => {
  const status = await new Promise((resolve) => {
    const { port } = new URL(origin);
    httpRequest({ port, host: '127.0.0.1', headers: { host: `evil.example:${port}` } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end();
  });
  expect(status).toBe(421);
});

test('the token opens one session, once, and only from our own page', async () => {
  expect((await openSession(JSON.stringify({ token: 'wrong' }))).status).toBe(401);
  expect((await openSession('x'.repeat(10_000))).status).toBe(401);
  expect((await openSession(JSON.stringify({ token }), 'http://evil.example')).status).toBe(403);
  expect(await connects({ origin })).toBe(false);

  const opened = await openSession(JSON.stringify({ token }));
  expect(opened.status).toBe(204);
  const cookie = opened.headers.get('set-cookie') ?? '';
  expect(cookie).toContain('HttpOnly; SameSite=Strict');
  const session = cookie.split(';')[0] ?? '';
  expect(await connects({ origin, cookie: session })).toBe(true);
  expect(await connects({ origin: 'http://evil.example', cookie: session })).toBe(false);
  expect((await openSession(JSON.stringify({ token }))).status).toBe(401);
});
