import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { createWalletPage } from './wallet-page.ts';

const file = { body: Buffer.from(''), type: 'text/html' };

test('whoever sends a header or a body a byte at a time is cut, and the answer still comes through', async () => {
  const opened = Promise.withResolvers<string>();
  const page = createWalletPage({
    files: () => ({ index: file, named: {} }),
    open: async (url) => opened.resolve(url),
    ports: [0],
  });
  const answer = page.ask({ op: 'connect', summary: '' });
  const url = new URL(await opened.promise);
  const startedAt = Date.now();
  const slow = (head: string) =>
    new Promise<number>((resolve) => {
      const socket = connect(Number(url.port), '127.0.0.1');
      socket.on('error', () => {});
      socket.write(head);
      const timer = setInterval(() => socket.write('x'), 200);
      socket.on('close', () => {
        clearInterval(timer);
        resolve(Date.now() - startedAt);
      });
      socket.resume();
    });
  const path = url.pathname.replace('/w/', '/api/');
  const rights = `Host: ${url.host}\r\nOrigin: http://${url.host}\r\nAuthorization: Bearer ${url.hash.slice(3)}\r\n`;
  const slowOnes = [
    ...Array.from({ length: 20 }, () => slow(`GET /w/x HTTP/1.1\r\nHost: ${url.host}\r\nX-Slow: `)),
    slow(`POST ${path} HTTP/1.1\r\n${rights}Content-Length: 60000\r\n\r\n`),
  ];
  for (const lastedMs of await Promise.all(slowOnes)) expect(lastedMs).toBeLessThan(13_000);
  const address = '7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU';
  const response = await fetch(`${url.origin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${url.hash.slice(3)}`, origin: url.origin },
    body: JSON.stringify({ ok: true, answer: { op: 'connect', address } }),
  });
  expect(response.status).toBe(200);
  expect(await answer).toEqual({ op: 'connect', address });
});
