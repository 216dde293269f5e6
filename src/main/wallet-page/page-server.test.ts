import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import type { AppError } from '#contract/errors.ts';
import type { WalletAnswer } from '#contract/wallet.ts';
import { createWalletPage, type WalletPage } from './wallet-page.ts';

const address = '7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU';
const reply = JSON.stringify({ ok: true, answer: { op: 'connect', address } });
const file = (text: string, type: string) => ({ body: Buffer.from(text), type });
const files = {
  index: file('<!doctype html>', 'text/html; charset=utf-8'),
  named: { 'page.js': file('start()', 'text/javascript') },
};
let page: WalletPage;
afterEach(() => page.cancel());

interface Asked {
  answer: Promise<WalletAnswer>;
  host: string;
  port: number;
  path: string;
  token: string;
}

async function ask({ timeoutMs = 20_000, ports = [0] } = {}): Promise<Asked> {
  const opened = Promise.withResolvers<string>();
  page = createWalletPage({ files: () => files, open: async (url) => opened.resolve(url), timeoutMs, ports });
  const answer = page.ask({ op: 'connect', summary: 'Show your address.' });
  answer.catch(() => {});
  await Promise.race([opened.promise, answer]);
  const url = new URL(await opened.promise);
  const token = url.hash.slice('#t='.length);
  return {
    answer,
    host: url.host,
    port: Number(url.port),
    path: url.pathname.replace('/w/', '/api/'),
    token,
  };
}

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A request in which nothing is put right: hosts and origins are what the test says. */
function send(port: number, path: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      (response) => {
        let text = '';
        response.on('data', (part) => {
          text += part;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const rights = ({ token }: Asked) => ({ authorization: `Bearer ${token}` });
const post = (asked: Asked, headers: Record<string, string> = {}, body = reply) =>
  send(asked.port, asked.path, {
    method: 'POST',
    headers: { ...rights(asked), origin: `http://${asked.host}`, ...headers },
    body,
  });
const codeOf = (answer: Promise<unknown>) =>
  answer.then(
    () => 'answered',
    (error: AppError) => error.code,
  );
const isRefused = (port: number) =>
  send(port, '/').then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
  );

test('the page comes, is told the question, answers once, and then nobody listens', async () => {
  const asked = await ask();
  const index = await send(asked.port, asked.path.replace('/api/', '/w/'));
  expect(index.status).toBe(200);
  expect(index.headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
    ),
  });
  expect(index.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect((await send(asked.port, '/page.js')).text).toBe('start()');
  const told = await send(asked.port, asked.path, { headers: rights(asked) });
  expect(JSON.parse(told.text)).toMatchObject({ question: { op: 'connect', summary: 'Show your address.' } });
  expect(page.link()?.url).toContain(asked.token);
  expect((await post(asked)).status).toBe(200);
  expect(await asked.answer).toEqual({ op: 'connect', address });
  expect(page.link()).toBeNull();
  await vi.waitFor(async () => expect(await isRefused(asked.port)).toBe(true));
});

test('no other site reaches it: by a name that points here, by its origin, or from a frame or script of its own', async () => {
  const asked = await ask();
  const from = (headers: Record<string, string>, method = 'GET') =>
    send(asked.port, asked.path, { method, headers: { ...rights(asked), ...headers } }).then(
      ({ status }) => status,
    );
  for (const host of [
    `evil.example:${asked.port}`,
    `localhost:${asked.port}`,
    '127.0.0.1',
    `127.0.0.1:${asked.port + 1}`,
  ])
    expect(await from({ host })).toBe(421);
  expect(await from({ origin: 'https://evil.example' })).toBe(403);
  expect(await from({ origin: 'null' })).toBe(403);
  expect(await from({ 'sec-fetch-site': 'cross-site' })).toBe(403);
  // Another port of this computer is another origin of the same site.
  expect(await from({ 'sec-fetch-site': 'same-site' })).toBe(403);
  expect(await from({ 'sec-fetch-site': 'same-origin' })).toBe(200);
  expect(await from({}, 'OPTIONS')).toBe(405);
  expect(await from({}, 'PUT')).toBe(405);
  expect((await post(asked, { origin: `http://127.0.0.1:${asked.port + 1}` })).status).toBe(403);
  expect((await post(asked, { host: `evil.example:${asked.port}` })).status).toBe(421);
  expect(
    (await send(asked.port, asked.path, { method: 'POST', headers: rights(asked), body: reply })).status,
  ).toBe(403);
  const answers = await send(asked.port, asked.path, {
    headers: { ...rights(asked), 'sec-fetch-site': 'none' },
  });
  expect(Object.keys(answers.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  page.cancel();
  expect(await codeOf(asked.answer)).toBe('wallet/cancelled');
});

test('from another address than this computer’s own it cannot be reached', async () => {
  const asked = await ask();
  // Where it listened on all addresses, this one would be among them.
  const socket = connect({ host: '127.0.0.2', port: asked.port, timeout: 2000 });
  const outcome = await new Promise((resolve) => {
    socket.on('connect', () => resolve('reached'));
    for (const end of ['error', 'timeout']) socket.on(end, () => resolve('not reached'));
  });
  socket.destroy();
  expect(outcome).toBe('not reached');
});

test('without the token nothing is told and nothing taken; another question’s id is unknown', async () => {
  const asked = await ask();
  const { port, path, token } = asked;
  const flipped = (token.startsWith('A') ? 'B' : 'A') + token.slice(1);
  for (const authorization of [
    '',
    'Bearer ',
    `Bearer ${flipped}`,
    `Bearer ${token}x`,
    token,
    `bearer ${token}`,
  ])
    expect((await send(port, path, { headers: { authorization } })).status).toBe(401);
  expect((await send(port, path)).status).toBe(401);
  expect((await post(asked, { authorization: `Bearer ${flipped}` })).status).toBe(401);
  expect((await send(port, '/api/another', { headers: rights(asked) })).status).toBe(404);
  expect((await send(port, `${path}/more`, { headers: rights(asked) })).status).toBe(404);
  expect((await send(port, '/../../etc/passwd', { headers: rights(asked) })).status).toBe(404);
  for (const name of ['constructor', '__proto__', 'toString'])
    expect((await send(port, `/${name}`, { headers: rights(asked) })).status).toBe(404);
  expect((await send(port, '/w/another')).status).toBe(410);
  expect((await post(asked)).status).toBe(200);
  expect(await codeOf(asked.answer)).toBe('answered');
});

test('a token is good for one answer: of two at once the first counts, and afterwards nothing is told', async () => {
  const asked = await ask();
  // Both are let in before either is whole.
  const open = (body: string) => {
    const socket = connect(asked.port, '127.0.0.1');
    let text = '';
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', () => {});
    const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
    const head = `POST ${asked.path} HTTP/1.1\r\nHost: ${asked.host}\r\nOrigin: http://${asked.host}\r\nAuthorization: Bearer ${asked.token}\r\nContent-Length: ${body.length}\r\n\r\n`;
    socket.write(head + body.slice(0, 10));
    return { finish: () => socket.write(body.slice(10)), closed };
  };
  const other = JSON.stringify({
    ok: true,
    answer: { op: 'connect', address: '11111111111111111111111111111111' },
  });
  const first = open(reply);
  const second = open(other);
  const reader = connect(asked.port, '127.0.0.1');
  let read = '';
  reader.on('data', (part) => {
    read += part;
  });
  reader.on('error', () => {});
  const readerClosed = new Promise((resolve) => reader.on('close', resolve));
  reader.write(`GET ${asked.path} HTTP/1.1\r\nHost: ${asked.host}\r\n`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  first.finish();
  expect(await first.closed).toContain('HTTP/1.1 200');
  second.finish();
  reader.write(`Authorization: Bearer ${asked.token}\r\n\r\n`);
  expect(await second.closed).toContain('HTTP/1.1 410');
  await readerClosed;
  expect(read).toContain('HTTP/1.1 410');
  expect(await asked.answer).toEqual({ op: 'connect', address });
});

test('what is no answer ends the question with an error, and tells the page so', async () => {
  for (const [body, code] of [
    ['not json', 'request/invalid'],
    ['{"ok":true}', 'request/invalid'],
    [JSON.stringify({ ok: true, answer: { op: 'connect', address, more: 1 } }), 'request/invalid'],
    [
      JSON.stringify({ ok: true, answer: { op: 'connect', address: '1'.repeat(44) } }),
      'wallet/invalid-address',
    ],
    [
      JSON.stringify({ ok: true, answer: { op: 'signTransaction', address, transaction: '' } }),
      'wallet/bad-signature',
    ],
  ] as const) {
    const asked = await ask();
    const answered = await post(asked, {}, body);
    expect(answered.status).toBe(409);
    expect(JSON.parse(answered.text)).toMatchObject({ ok: false, error: { code } });
    expect(await codeOf(asked.answer)).toBe(code);
  }
});

test('the wallet’s no is the app’s error, with the page’s words', async () => {
  const asked = await ask();
  const body = JSON.stringify({
    ok: false,
    code: 'wallet/rejected',
    message: 'Phantom: User rejected the request.',
  });
  expect((await post(asked, {}, body)).status).toBe(200);
  await expect(asked.answer).rejects.toMatchObject({
    code: 'wallet/rejected',
    message: 'Phantom: User rejected the request.',
  });
});

test('a body of a gigabyte is cut after 64 KiB and takes no memory', async () => {
  const asked = await ask();
  const before = process.memoryUsage().rss;
  const piece = Buffer.alloc(1 << 20, 120);
  const head = `POST ${asked.path} HTTP/1.1\r\nHost: ${asked.host}\r\nOrigin: http://${asked.host}\r\nAuthorization: Bearer ${asked.token}\r\n`;
  const flood = (length: string, frame: (part: Buffer) => Buffer[]) =>
    new Promise<{ sent: number; text: string }>((resolve) => {
      const socket = connect(asked.port, '127.0.0.1');
      let sent = 0;
      let text = '';
      socket.on('data', (part) => {
        text += part;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve({ sent, text }));
      socket.write(`${head}${length}\r\n\r\n`);
      const pump = () => {
        while (sent < 2 ** 30 && !socket.destroyed) {
          sent += piece.length;
          const taken = frame(piece).map((part) => socket.write(part));
          if (taken.includes(false)) return socket.once('drain', pump);
        }
      };
      pump();
    });
  const announced = await flood(`Content-Length: ${2 ** 30}`, (part) => [part]);
  const chunked = await flood('Transfer-Encoding: chunked', (part) => [
    Buffer.from(`${part.length.toString(16)}\r\n`),
    part,
    Buffer.from('\r\n'),
  ]);
  // What was on its way when the connection was cut lies in the system's buffers.
  for (const { sent } of [announced, chunked]) expect(sent).toBeLessThan(32 * 2 ** 20);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
  // The question still waits for its answer.
  expect((await post(asked)).status).toBe(200);
  expect(await codeOf(asked.answer)).toBe('answered');
});

test('no answer in time, and one that comes too late', async () => {
  const asked = await ask({ timeoutMs: 200 });
  await expect(asked.answer).rejects.toMatchObject({ code: 'wallet/timed-out' });
  await expect(post(asked)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(page.link()).toBeNull();
});

test('a new question takes the place of one that waits, under another id and token', async () => {
  const asked = await ask();
  const next = page.ask({ op: 'connect', summary: 'Again.' });
  expect(await codeOf(asked.answer)).toBe('wallet/cancelled');
  await vi.waitFor(() => expect(page.link()).not.toBeNull());
  const url = new URL(page.link()?.url ?? '');
  expect(url.hash).not.toContain(asked.token);
  const old = await send(Number(url.port), asked.path, { headers: rights(asked) });
  expect(old.status).toBe(404);
  page.cancel();
  expect(await codeOf(next)).toBe('wallet/cancelled');
});

test('a taken port is passed over, and where all are taken that is said', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port: first } = other.address() as AddressInfo;
  const asked = await ask({ ports: [first, 0] });
  expect(asked.port).not.toBe(first);
  page.cancel();
  const refused = createWalletPage({ files: () => files, open: async () => {}, ports: [first] });
  await expect(refused.ask({ op: 'connect', summary: '' })).rejects.toMatchObject({ code: 'wallet/no-port' });
  other.close();
});

test('a link that no browser opened can still be copied and answered', async () => {
  page = createWalletPage({
    files: () => files,
    open: () => Promise.reject(new Error('no browser')),
    ports: [0],
  });
  const answer = page.ask({ op: 'connect', summary: '' });
  await vi.waitFor(() => expect(page.link()).not.toBeNull());
  const url = new URL(page.link()?.url ?? '');
  const asked: Asked = {
    answer,
    host: url.host,
    port: Number(url.port),
    path: url.pathname.replace('/w/', '/api/'),
    token: url.hash.slice(3),
  };
  expect((await post(asked)).status).toBe(200);
  expect(await answer).toEqual({ op: 'connect', address });
});
