import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { newKey } from '#testing/scripted-api.ts';
import { createByteRate } from '../byte-rate.ts';
import { systemClock } from '../clock.ts';
import { createSignedCall } from './signed-call.ts';

const bytesPerSecond = 500_000;
const size = 300_000;
/** Nothing may come at once: the bucket is empty at first. */
const leastMs = ((size * 1000) / bytesPerSecond) * 0.7;
const content = Buffer.from(Uint8Array.from({ length: size }, (_, index) => index % 251));

let close = () => {};
afterEach(() => close());

async function callTo(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const key = newKey();
  return createSignedCall(url, { ...key, nodeId: 'node' }, () => Date.now());
}

const slow = () => createByteRate(() => bytesPerSecond, systemClock);

test('an update leaves no faster than the limit, whole and with its length; the wait for the limit is no time-out', async () => {
  let received = Buffer.alloc(0);
  let length = '';
  const call = await callTo(async (request, response) => {
    length = `${request.headers['content-length']} ${request.headers['transfer-encoding']}`;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    received = Buffer.concat(parts);
    response.end('{}');
  });
  const startedAt = performance.now();
  await call.bytes({ method: 'POST', path: '/update', body: content, rate: slow(), timeoutMs: 250 });
  expect(performance.now() - startedAt).toBeGreaterThan(leastMs);
  expect(received.equals(content)).toBe(true);
  expect(length).toBe(`${size} undefined`);
});

test('a model comes no faster than the limit', async () => {
  const call = await callTo((_, response) => response.end(content));
  const startedAt = performance.now();
  const rate = slow();
  const model = await call.bytes({ method: 'GET', path: '/model', rate, timeoutMs: 250 });
  expect(performance.now() - startedAt).toBeGreaterThan(leastMs);
  expect(Buffer.from(model).equals(content)).toBe(true);
});

test('a gateway that does not answer is given up in time, with a limit too', async () => {
  const call = await callTo(() => {});
  const request = { method: 'POST', path: '/update', body: content, timeoutMs: 200 };
  await expect(call.bytes(request)).rejects.toMatchObject({ code: 'link/unreachable' });
  const rate = createByteRate(() => 1e9, systemClock);
  await expect(call.bytes({ ...request, rate })).rejects.toMatchObject({ code: 'link/unreachable' });
});

test('a round that is over ends its upload at once', async () => {
  let isCut = false;
  const call = await callTo((request) => {
    request.resume();
    request.once('error', () => {
      isCut = true;
    });
  });
  const over = new AbortController();
  const rate = createByteRate(() => 200_000, systemClock);
  const sending = call.bytes({ method: 'POST', path: '/update', body: content, rate, signal: over.signal });
  setTimeout(() => over.abort(new Error('the deadline has passed')), 500);
  const startedAt = performance.now();
  await expect(sending).rejects.toThrow('the deadline has passed');
  expect(performance.now() - startedAt).toBeLessThan(2000);
  await expect.poll(() => isCut).toBe(true);
});

test('an answer that comes before everything was sent ends the sending', async () => {
  let bytesSent = 0;
  const call = await callTo((request, response) => {
    response.writeHead(409).end('{"detail":"The round is over."}');
    request.resume();
  });
  const rate = {
    take: async (bytes: number, signal: AbortSignal) => {
      await systemClock.sleep(50, signal);
      bytesSent += bytes;
    },
  };
  const body = new Uint8Array(10_000_000);
  await expect(call.bytes({ method: 'POST', path: '/update', body, rate })).rejects.toMatchObject({
    data: { status: 409 },
  });
  const then = bytesSent;
  await systemClock.sleep(200);
  expect(bytesSent).toBeLessThanOrEqual(then + 65_536);
});
