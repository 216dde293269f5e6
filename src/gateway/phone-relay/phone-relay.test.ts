import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mailboxMs, mostSealedBytes } from './mailboxes.ts';
import { openPhoneRelay, type PhoneRelay, type PhoneRelayOptions } from './phone-relay.ts';

const pagesDir = mkdtempSync(join(tmpdir(), 'solanalm-relay-'));
for (const name of ['index.html', 'page.js', 'page.css']) writeFileSync(join(pagesDir, name), `of ${name}`);
const key = 'key-of-the-relay-1';
const base = { key, port: 0, host: '127.0.0.1', publicUrl: null, pagesDir, behindProxy: false };
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

let relay: PhoneRelay;
let now: number;
const open = async (change: Partial<PhoneRelayOptions> = {}) => {
  relay = await openPhoneRelay({ ...base, now: () => now, ...change });
};
beforeEach(async () => {
  now = 1_800_000_000_000;
  await open();
});
afterEach(() => relay.close());

const newBox = () => ({
  id: randomBytes(16).toString('base64url'),
  app: randomBytes(32).toString('base64url'),
  phone: randomBytes(32).toString('hex'),
});
type Box = ReturnType<typeof newBox>;
const rights = (token: string) => ({ authorization: `Bearer ${token}` });
const create = ({ id, app, phone }: Box, body: BodyInit = 'question', headers = {}) =>
  fetch(`${relay.url}/mail/${id}`, {
    method: 'PUT',
    headers: { ...rights(app), 'x-relay-key': key, 'x-phone-token-sha256': sha256(phone), ...headers },
    body,
  });
const put = ({ id }: Box, slot: string, token: string, body: BodyInit = slot, headers = {}) =>
  fetch(`${relay.url}/mail/${id}/${slot}`, {
    method: 'PUT',
    headers: { ...rights(token), ...headers },
    body,
  });
const get = ({ id }: Box, slot: string, token: string, headers = {}) =>
  fetch(`${relay.url}/mail/${id}/${slot}`, { headers: { ...rights(token), ...headers } });
const remove = ({ id }: Box, token: string) =>
  fetch(`${relay.url}/mail/${id}`, { method: 'DELETE', headers: rights(token) });
const statuses = async (answers: Promise<Response>[]) =>
  (await Promise.all(answers)).map(({ status }) => status);

test('a question, its answer and what the app says to it pass, each once and to whom it is meant for', async () => {
  const box = newBox();
  expect((await create(box)).status).toBe(201);
  expect((await get(box, 'answer', box.app)).status).toBe(204);
  expect(await (await get(box, 'question', box.phone)).text()).toBe('question');
  expect((await put(box, 'answer', box.phone)).status).toBe(201);
  expect(await (await get(box, 'answer', box.app)).text()).toBe('answer');
  expect((await put(box, 'verdict', box.app)).status).toBe(201);
  expect(await (await get(box, 'verdict', box.phone)).text()).toBe('verdict');

  // Nothing is written over.
  const others = [create(box), put(box, 'answer', box.phone, 'b'), put(box, 'verdict', box.app, 'c')];
  expect(await statuses(others)).toEqual([409, 409, 409]);
  // The same once more is a try whose answer was lost.
  expect((await put(box, 'answer', box.phone)).status).toBe(201);
  expect(await (await get(box, 'answer', box.app)).text()).toBe('answer');
  expect((await remove(box, box.app)).status).toBe(204);
  expect(await statuses([get(box, 'verdict', box.phone), remove(box, box.app)])).toEqual([404, 404]);
});

test('neither end can do the other’s part, nor can anybody without a token', async () => {
  const box = newBox();
  await create(box);
  for (const token of [randomBytes(32).toString('hex'), sha256(box.phone), sha256(box.app), 'short', ''])
    expect(
      await statuses([
        get(box, 'question', token),
        get(box, 'answer', token),
        put(box, 'answer', token),
        put(box, 'verdict', token),
        remove(box, token),
      ]),
    ).toEqual([401, 401, 401, 401, 401]);
  expect(
    await statuses([
      get(box, 'question', box.app),
      get(box, 'answer', box.phone),
      put(box, 'answer', box.app),
      put(box, 'verdict', box.phone),
      put(box, 'question', box.phone),
      remove(box, box.phone),
    ]),
  ).toEqual([401, 401, 401, 401, 401, 401]);
  expect((await get(newBox(), 'question', box.phone)).status).toBe(404);
});

test('who does not know the relay’s key lays nothing down for others', async () => {
  const box = newBox();
  for (const wrong of ['', 'key-of-the-relay-2', `${key}0`])
    expect((await create(box, 'question', { 'x-relay-key': wrong })).status).toBe(401);
  expect((await get(box, 'question', box.phone)).status).toBe(404);
});

test('a mailbox is gone after ten minutes', async () => {
  const box = newBox();
  await create(box);
  now += mailboxMs - 1;
  expect((await get(box, 'question', box.phone)).status).toBe(200);
  now += 1;
  expect(await statuses([get(box, 'question', box.phone), put(box, 'answer', box.phone)])).toEqual([
    404, 404,
  ]);
});

test('what is larger than any question is refused, said or not', async () => {
  const [box, other] = [newBox(), newBox()];
  expect((await create(box, new Uint8Array(mostSealedBytes + 1))).status).toBe(413);
  const endless = new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(1024)) });
  const init = { method: 'PUT', body: endless, duplex: 'half' } as RequestInit;
  const headers = { ...rights(other.app), 'x-relay-key': key, 'x-phone-token-sha256': sha256(other.phone) };
  const answer = await fetch(`${relay.url}/mail/${other.id}`, { ...init, headers }).catch(() => null);
  expect(answer?.status ?? 413).toBe(413);
  expect(await statuses([get(box, 'question', box.phone), get(other, 'question', other.phone)])).toEqual([
    404, 404,
  ]);
  expect((await create(box, new Uint8Array(mostSealedBytes))).status).toBe(201);
});

test('what is no question is refused: no token, no phone, another id', async () => {
  const box = newBox();
  expect(
    await statuses([
      create(box, '', { authorization: '' }),
      create(box, '', { 'x-phone-token-sha256': 'abc' }),
      create({ ...box, id: 'short' }),
      create({ ...box, id: '__proto__' }),
    ]),
  ).toEqual([400, 400, 404, 404]);
});

test('the page comes as it is told to browsers, under no other name', async () => {
  const { id } = newBox();
  const page = await fetch(`${relay.url}/w/${id}`);
  expect(await page.text()).toBe('of index.html');
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  expect(page.headers.get('access-control-allow-origin')).toBeNull();
  expect(await (await fetch(`${relay.url}/page.js`)).text()).toBe('of page.js');
  expect((await fetch(`${relay.url}/page.css`)).headers.get('content-type')).toContain('text/css');
  for (const path of ['/', '/w/short', '/index.html', '/../package.json', '/w/..%2f..%2fpackage.json'])
    expect((await fetch(`${relay.url}${path}`)).status).toBe(404);
});

/** A request in which nothing is put right: host and headers are what the test says. */
const send = (port: string, path: string, headers: Record<string, string>) =>
  new Promise<{ status: number; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    request.on('error', reject);
    request.end();
  });

test('another name for this server, another site and another origin are turned away', async () => {
  const box = newBox();
  await create(box);
  const { port, host } = new URL(relay.url);
  const path = `/mail/${box.id}/question`;
  const asked = async (headers: Record<string, string>, at = path) =>
    (await send(port, at, { ...rights(box.phone), host, ...headers })).status;
  expect(await asked({})).toBe(200);
  expect(await asked({ host: `evil.example:${port}` })).toBe(403);
  expect(await asked({ host: `evil.example:${port}` }, '/page.js')).toBe(403);
  expect(await asked({ origin: 'https://evil.example' })).toBe(403);
  expect(await asked({ 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await asked({ 'sec-fetch-site': 'same-site' })).toBe(403);
  expect(await asked({ origin: relay.url, 'sec-fetch-site': 'same-origin' })).toBe(200);
  // A link in a chat may lead to the page.
  expect(await asked({ 'sec-fetch-site': 'cross-site' }, `/w/${box.id}`)).toBe(200);
});

test('behind a proxy it goes by its public name, tells browsers to keep to https, and counts who the proxy saw', async () => {
  await relay.close();
  await open({ publicUrl: 'https://relay.example', behindProxy: true });
  expect(relay.url).toBe('https://relay.example');
  const from = async (seen: string) =>
    (await send(`${relay.port}`, '/page.js', { host: 'relay.example', 'x-forwarded-for': seen })).status;
  const { headers } = await send(`${relay.port}`, '/page.js', { host: 'relay.example' });
  expect(headers['strict-transport-security']).toContain('max-age=');
  const answers = await Promise.all(
    Array.from({ length: 310 }, (_, n) => from(`10.0.0.${n % 250}, 1.2.3.4`)),
  );
  expect(answers.filter((status) => status === 429)).toHaveLength(10);
  expect(await from('1.2.3.4, 1.2.3.5')).toBe(200);
});

test('one that asks without end gets no more mailboxes', async () => {
  const answers = await statuses(Array.from({ length: 25 }, () => create(newBox())));
  expect(answers.filter((status) => status === 201)).toHaveLength(20);
  expect(answers.filter((status) => status === 429)).toHaveLength(5);
});
