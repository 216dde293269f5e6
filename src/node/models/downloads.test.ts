import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CatalogueEntry } from '#contract/catalogue.ts';
import type { Download } from '#contract/download.ts';
import { AppError } from '#contract/errors.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { type Oddity, startOddFileServer } from '#testing/odd-file-server.ts';
import { createByteRate } from '../byte-rate.ts';
import { type Downloads, openDownloads } from './downloads.ts';

const content = randomBytes(300_000);
const entry = (id: string): CatalogueEntry => ({
  id,
  name: id,
  publisher: 'Test',
  parameters: 1,
  contextLength: 1,
  licence: 'MIT',
  repo: 'test/model',
  file: `${id}.gguf`,
  layers: 1,
  kvHeads: 1,
  headDim: 1,
});

let dir: string;
let time: ReturnType<typeof createFakeClock>;
let hub: Awaited<ReturnType<typeof startOddFileServer>>;
let hubs: string[];
let proxyUrl: string | null;
let mostMbps: number | null = null;
let quota: (bytes: number) => Promise<void>;
let downloads: Downloads;
const done: string[][] = [];

const open = () =>
  openDownloads({
    rate: createByteRate(() => (mostMbps === null ? null : (mostMbps * 1e6) / 8), time.clock),
    catalogue: [entry('model'), entry('second'), entry('third')],
    modelsDir: dir,
    hub: () => ({ hubs, proxy: proxyUrl }),
    makeRoom: (bytes) => quota(bytes),
    onDone: async () => void done.push(readdirSync(dir)),
    clock: time.clock,
  });
const state = (id = 'model') => downloads.list.get().find((one) => one.id === id)?.state;
const file = () => readFileSync(join(dir, 'model.gguf'));

/** Waits until the download is as wanted; pauses between tries take no time. */
async function until(wanted: Download['state']['state'], id = 'model'): Promise<void> {
  await vi.waitFor(
    () => {
      const wait = time.nextMs();
      if (wait !== null) time.advance(wait);
      expect(state(id)?.state).toBe(wanted);
    },
    { timeout: 10_000, interval: 10 },
  );
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'downloads-'));
  time = createFakeClock();
  hub = await startOddFileServer(content, 'test/model', 'model.gguf');
  hubs = [hub.url];
  proxyUrl = null;
  quota = async () => {};
  done.length = 0;
  downloads = await open();
});
afterEach(async () => {
  downloads.dispose();
  await hub.close();
  rmSync(dir, { recursive: true, force: true });
});

test('a file comes whole, and leaves nothing else behind', async () => {
  downloads.start('model');
  await until('done');
  expect(file().equals(content)).toBe(true);
  expect(readdirSync(dir)).toEqual(['model.gguf']);
  expect(done).toEqual([['model.gguf']]);
  expect(downloads.list.get()[0]).toMatchObject({ receivedBytes: 300_000, totalBytes: 300_000 });
});

test('a cut download goes on where it was cut', async () => {
  hub.next({ kind: 'cut', afterBytes: 100_000 }, { kind: 'cut', afterBytes: 50_000 });
  downloads.start('model');
  await until('done');
  expect(file().equals(content)).toBe(true);
  // What a cut connection had not handed over yet comes again.
  const [first, second, third] = hub.ranges.map((range) => Number(/\d+/.exec(range ?? '0')?.[0]));
  expect(hub.ranges).toHaveLength(3);
  expect(first).toBe(0);
  expect(second).toBeGreaterThan(0);
  expect(third).toBeGreaterThanOrEqual(second as number);
  expect(third).toBeLessThanOrEqual(150_000);
});

test('held downloads wait and go on by themselves; what the operator paused meanwhile stays so', async () => {
  hub.next({ kind: 'cut', afterBytes: 100_000 });
  downloads.start('model');
  await vi.waitFor(() => expect(time.nextMs()).not.toBeNull());
  downloads.hold(true);
  await until('waiting');
  downloads.start('second');
  expect(state('second')?.state).toBe('waiting');
  downloads.pause('second');
  downloads.hold(true);
  expect(state()?.state).toBe('waiting');
  const asked = hub.ranges.length;
  time.advance(600_000);
  expect(hub.ranges.length).toBe(asked);
  downloads.hold(false);
  await until('done');
  expect(file().equals(content)).toBe(true);
  expect(state('second')?.state).toBe('paused');
});

test('one that is paused while it is being held stays paused', async () => {
  hub.next({ kind: 'cut', afterBytes: 100_000 });
  downloads.start('model');
  await vi.waitFor(() => expect(time.nextMs()).not.toBeNull());
  downloads.hold(true);
  downloads.pause('model');
  await until('paused');
  downloads.hold(false);
  expect(state()?.state).toBe('paused');
});

test('a limit of the network slows a download down', async () => {
  downloads.dispose();
  mostMbps = 1;
  downloads = await open();
  const startedAt = time.clock.now();
  downloads.start('model');
  await until('done');
  // 300,000 bytes at 125,000 a second.
  expect(time.clock.now() - startedAt).toBeGreaterThanOrEqual(2300);
  mostMbps = null;
});

test.each<[string, Oddity]>([
  ['ignores ranges', { kind: 'ignore-range' }],
  ['sends another range than was asked for', { kind: 'wrong-range' }],
  ['sends more than the file has', { kind: 'too-long' }],
  ['is busy', { kind: 'status', status: 429, retryAfter: '7' }],
  ['breaks', { kind: 'status', status: 500 }],
])('a server that %s does no harm', async (_what, oddity) => {
  hub.next({ kind: 'cut', afterBytes: 100_000 }, oddity);
  downloads.start('model');
  await until('done');
  expect(file().equals(content)).toBe(true);
});

test('a file that changes between tries is begun anew', async () => {
  hub.next({ kind: 'cut', afterBytes: 100_000 });
  downloads.start('model');
  await vi.waitFor(() => expect(time.nextMs()).not.toBeNull());
  downloads.pause('model');
  await until('paused');
  const other = randomBytes(200_000);
  hub.replace(other);
  downloads.start('model');
  await until('done');
  expect(file().equals(other)).toBe(true);
});

test('bytes that do not give the hub’s hash are deleted, and said to be wrong', async () => {
  hub.next({ kind: 'wrong-bytes' }, { kind: 'wrong-bytes' });
  downloads.start('model');
  await until('failed');
  expect(state()).toMatchObject({ error: { code: 'models/download-corrupt' } });
  expect(readdirSync(dir)).toEqual([]);
  downloads.start('model');
  await until('done');
});

test('paused it keeps what has come, also over a restart, and goes on from there', async () => {
  hub.next({ kind: 'stall', afterBytes: 120_000 });
  downloads.start('model');
  await vi.waitFor(() => expect(statSync(join(dir, 'model.gguf.part')).size).toBe(120_000));
  downloads.pause('model');
  await until('paused');
  downloads = await open();
  expect(downloads.list.get()).toMatchObject([
    { id: 'model', receivedBytes: 120_000, state: { state: 'paused' } },
  ]);
  downloads.start('model');
  await until('done');
  expect(file().equals(content)).toBe(true);
  expect(hub.ranges.at(-1)).toBe('bytes=120000-');
});

test('cancelled it leaves nothing', async () => {
  hub.next({ kind: 'stall', afterBytes: 120_000 });
  downloads.start('model');
  await vi.waitFor(() => expect(existsSync(join(dir, 'model.gguf.part'))).toBe(true));
  await downloads.cancel('model');
  expect(readdirSync(dir)).toEqual([]);
  expect(downloads.list.get()).toEqual([]);
});

test('a server that never goes on is given up, with its reason; what has come is kept', async () => {
  hub.next(
    { kind: 'cut', afterBytes: 1000 },
    ...Array.from({ length: 8 }, (): Oddity => ({ kind: 'status', status: 503 })),
  );
  downloads.start('model');
  await until('failed');
  expect(state()).toMatchObject({
    error: {
      code: 'models/download-failed',
      message: 'The download does not go on: the server answers 503.',
    },
  });
  expect(downloads.list.get()[0]?.receivedBytes).toBeLessThanOrEqual(1000);
});

test.each([
  [{ status: 403 }, 'models/gated'],
  [{ status: 404 }, 'models/download-failed'],
  [{ status: 200, body: { siblings: [] } }, 'models/download-failed'],
  [{ status: 200, body: 'hello' }, 'models/download-failed'],
])('what the hub refuses is told: %j', async (answer, code) => {
  hub.answerApi(answer);
  downloads.start('model');
  await until('failed');
  expect(state()).toMatchObject({ error: { code } });
});

test('where the hub is away its mirror serves', async () => {
  const away = await startOddFileServer(content, 'test/model', 'model.gguf');
  await away.close();
  hubs = [away.url, hub.url];
  downloads.start('model');
  await until('done');
  expect(file().equals(content)).toBe(true);
});

test('with a proxy set every byte goes through it', async () => {
  const through: string[] = [];
  const proxy = createServer().on('connect', (request, socket) => {
    through.push(request.url ?? '');
    const [host, port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    target.pipe(socket).pipe(target);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  downloads.start('model');
  await until('done');
  expect(file().equals(content)).toBe(true);
  expect(new Set(through)).toEqual(new Set([new URL(hub.url).host]));
  proxy.close();
});

test('two run at once, the third waits; one over the quota says so', async () => {
  hub.answerApi({ status: 500 });
  quota = async () => {
    throw new AppError('models/quota', 'no room');
  };
  for (const id of ['model', 'second', 'third']) downloads.start(id);
  expect(['model', 'second', 'third'].map((id) => state(id)?.state)).toEqual(['asking', 'asking', 'waiting']);
  for (const id of ['model', 'second', 'third']) await until('failed', id);
  hub.answerApi(null);
  downloads.start('model');
  await until('failed');
  await vi.waitFor(() => expect(state()).toMatchObject({ error: { code: 'models/quota' } }));
  expect(() => downloads.start('nothing')).toThrow('The catalogue has no model');
});

test('the second of two is to fit beside the first one, which goes on when the second is refused', async () => {
  const lfs = { sha256: createHash('sha256').update(content).digest('hex'), size: 300_000, pointerSize: 134 };
  const siblings = ['model', 'second'].map((id) => ({ rfilename: `${id}.gguf`, lfs }));
  hub.answerApi({ status: 200, body: { id: 'test/model', siblings } });
  const asked: number[] = [];
  quota = async (bytes) => {
    asked.push(bytes);
    if (bytes > 500_000) throw new AppError('models/quota', 'no room');
  };
  mostMbps = 0.001;
  try {
    downloads.start('model');
    await vi.waitFor(() => expect(state()?.state).toBe('running'));
    downloads.start('second');
    await vi.waitFor(() => expect(state('second')).toMatchObject({ error: { code: 'models/quota' } }));
    expect(asked).toEqual([300_000, 600_000]);
    expect(state()?.state).toBe('running');
  } finally {
    mostMbps = null;
  }
  await until('done');
});
