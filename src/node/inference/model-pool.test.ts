import { beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '#contract/errors.ts';
import type { Engine } from '#contract/model.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createMemoryLedger, type MemoryLedger, type Reserved } from '../hybrid/memory-ledger.ts';
import { createSignal } from '../signal.ts';
import { engineOff } from './engine-off.ts';
import { createModelPool, type PoolSettings } from './model-pool.ts';
import type { LoadOptions, Runtime } from './runtime.ts';

const gb = 1e9;
const never = new AbortController().signal;
let time: ReturnType<typeof createFakeClock>;
let settings: PoolSettings;
let free: { ramBytes: number; gpuBytes: number };
/** What happened, in order: `load a`, `unload a`. */
let log: string[];
/** Errors that the next loads end with. */
let failures: AppError[];
let shrinks: number;
/** What a model may use. */
let threads: number | 'auto';
/** Called while a model goes: its memory is free when it resolves. */
let going: (id: string) => Promise<void>;
let memory: MemoryLedger;
/** Answers that are kept. */
let kept: Reserved | null;

function fakeRuntime(id: string): Runtime {
  const engine = createSignal<Engine>({ ...engineOff, modelId: id });
  return {
    name: 'fake',
    engine,
    lacks: () => new Set(),
    async load(options) {
      log.push(`load ${id} ${options.contextSize}`);
      const failure = failures.shift();
      if (failure) throw failure;
      engine.set({ ...engine.get(), state: 'ready', parallelRequests: 2 });
      return { modelId: id, backend: 'cpu', contextSize: 1, parallelRequests: 2, threads: 1 };
    },
    unload: async () => {},
    setThreads: (now) => engine.set({ ...engine.get(), threads: Number(now) }),
    generate: () => Promise.reject(new Error('not here')),
    embed: () => Promise.reject(new Error('not here')),
    async dispose() {
      log.push(`unload ${id}`);
      await going(id);
    },
  };
}

function pool() {
  return createModelPool({
    settings: () => settings,
    find(id) {
      const options: LoadOptions = {
        modelId: id,
        path: `/${id}`,
        contextSize: 4096,
        parallelRequests: 2,
        threads: 1,
        gpu: 'off',
      };
      const context = { ramBytes: 0.4 * gb, gpuBytes: 0 };
      return { name: `Model ${id}`, options, needs: { ramBytes: gb, gpuBytes: 0 }, context };
    },
    createRuntime: fakeRuntime,
    freeMemory: async () => free,
    memory,
    giveBack() {
      const isGiven = kept !== null;
      kept?.release();
      kept = null;
      return isGiven;
    },
    limits: {
      apply: (options) => options,
      shrink(options) {
        shrinks += 1;
        return shrinks > 2 ? null : { ...options, contextSize: Number(options.contextSize) / 2 };
      },
    },
    threads: () => threads,
    clock: time.clock,
  });
}

beforeEach(() => {
  time = createFakeClock();
  settings = { offered: ['a', 'b', 'c'], pinned: [], mostLoaded: 1, idleUnloadMs: 900_000 };
  free = { ramBytes: 10 * gb, gpuBytes: 0 };
  log = [];
  failures = [];
  shrinks = 0;
  threads = 4;
  going = async () => {};
  kept = null;
  memory = createMemoryLedger({ ceiling: { ramBytes: 8 * gb, gpuBytes: 0 }, clock: time.clock });
});

const reserved = () =>
  memory.reservations.get().map(({ owner, name, ramBytes }) => [owner, name, ramBytes / gb]);

test('a model is loaded with memory reserved for it and its context, which is free again when it is gone', async () => {
  const models = pool();
  await models.load('a');
  expect(reserved()).toEqual([
    ['model', 'Model a', 0.6],
    ['kv-cache', 'Model a', 0.4],
  ]);
  await models.unloadAll();
  expect(reserved()).toEqual([]);
});

test('with half the context it reserves less, and what was not loaded reserves nothing', async () => {
  failures = [new AppError('inference/out-of-memory', 'too much')];
  const models = pool();
  await models.load('a');
  expect(reserved()).toContainEqual(['kv-cache', 'Model a', 0.1]);
  failures = [new AppError('inference/load-failed', 'broken')];
  await expect(models.load('b')).rejects.toMatchObject({ code: 'inference/load-failed' });
  expect(reserved().map(([, name]) => name)).not.toContain('Model b');
});

test('a model for which training leaves no room says what would have to go', async () => {
  memory.reserve({ owner: 'training', name: 'Digits', ramBytes: 7.5 * gb, gpuBytes: 0 });
  await expect(pool().load('a')).rejects.toMatchObject({
    code: 'resources/no-room',
    message: expect.stringContaining('“Digits” (7,500 MB)'),
    data: { wouldGo: [{ owner: 'training', name: 'Digits' }] },
  });
});

test('kept answers go before a model does, and before one is refused', async () => {
  settings = { ...settings, mostLoaded: 2 };
  kept = memory.reserve({ owner: 'cache', name: 'Answers', ramBytes: 6.5 * gb, gpuBytes: 0 });
  const models = pool();
  await models.load('a');
  await models.load('b');
  expect(log).toEqual(['load a 4096', 'load b 4096']);
  expect(kept).toBeNull();
});

test('whoever waits for quiet is told when the last job is done', async () => {
  const models = pool();
  const leases = [await models.acquire('a', never), await models.acquire('a', never)];
  let isQuiet = false;
  const quiet = models.quiet(never).then(() => {
    isQuiet = true;
  });
  leases[0]?.release();
  await Promise.resolve();
  expect(isQuiet).toBe(false);
  leases[1]?.release();
  await quiet;
});

test('a model is loaded once, when it is first asked for', async () => {
  const models = pool();
  const leases = await Promise.all([models.acquire('a', never), models.acquire('a', never)]);
  expect(log).toEqual(['load a 4096']);
  expect(models.engines.get().map(({ state }) => state)).toEqual(['ready', 'off', 'off']);
  expect(models.foremost.get().modelId).toBe('a');
  for (const lease of leases) lease.release();
});

test('with one at a time another model waits until the first has no jobs, which takes none meanwhile', async () => {
  const models = pool();
  const first = await models.acquire('a', never);
  const second = models.acquire('b', never);
  await vi.waitFor(() => expect(models.slots('a')).toBe(0));
  expect(log).toEqual(['load a 4096']);
  first.release();
  (await second).release();
  expect(log).toEqual(['load a 4096', 'unload a', 'load b 4096']);
  expect(models.slots('b')).toBe(2);
});

test('who leaves while a model is loaded is let go, and the load goes on for the others', async () => {
  const models = pool();
  const first = await models.acquire('a', never);
  const leaving = new AbortController();
  const left = models.acquire('b', leaving.signal);
  const stays = models.acquire('b', never);
  leaving.abort();
  await expect(left).rejects.toMatchObject({ code: 'queue/cancelled' });
  first.release();
  (await stays).release();
});

test('what nobody asks for is unloaded after its time; pinned models stay', async () => {
  settings = { ...settings, mostLoaded: 3, pinned: ['b'] };
  const models = pool();
  for (const id of ['a', 'b']) (await models.acquire(id, never)).release();
  time.advance(900_000);
  await vi.waitFor(() => expect(log.at(-1)).toBe('unload a'));
  expect(models.isLoaded('b')).toBe(true);
});

test('a model that is no longer offered is unloaded when its last job ends', async () => {
  settings = { ...settings, mostLoaded: 3 };
  const models = pool();
  const [first, other] = [await models.acquire('a', never), await models.acquire('b', never)];
  settings = { ...settings, offered: ['b', 'c'] };
  models.settingsChanged();
  expect(models.engines.get().map(({ modelId }) => modelId)).toEqual(['b', 'c']);
  expect(log).toEqual(['load a 4096', 'load b 4096']);
  other.release();
  first.release();
  await vi.waitFor(() => expect(log.at(-1)).toBe('unload a'));
  expect(models.isLoaded('b')).toBe(true);
});

test('where memory does not suffice it is tried smaller, twice, and then refused', async () => {
  const tooSmall = () => new AppError('inference/out-of-memory', 'no room');
  const models = pool();
  failures = [tooSmall()];
  (await models.acquire('a', never)).release();
  expect(log).toEqual(['load a 4096', 'load a 2048']);
  failures = [tooSmall(), tooSmall(), tooSmall()];
  shrinks = 0;
  await expect(models.acquire('b', never)).rejects.toMatchObject({ code: 'inference/out-of-memory' });
  expect(log.slice(2)).toEqual(['unload a', 'load b 4096', 'load b 2048', 'load b 1024', 'unload b']);
});

test('a model that cannot fit is refused with the figures, and those that are loaded stay', async () => {
  settings = { ...settings, mostLoaded: 3, pinned: ['a'] };
  const models = pool();
  (await models.acquire('a', never)).release();
  free = { ramBytes: gb / 2, gpuBytes: 0 };
  await expect(models.acquire('b', never)).rejects.toMatchObject({
    code: 'inference/out-of-memory',
    message: '“b” needs 1,000 MB of memory; 500 MB are free for it.',
    retryAfterSeconds: 30,
  });
  expect(models.isLoaded('a')).toBe(true);
});

test('threads that change reach every loaded model at once, and one that was being loaded meanwhile', async () => {
  settings = { ...settings, mostLoaded: 2 };
  const models = pool();
  await models.load('a');
  const loading = models.load('b');
  threads = 2;
  models.threadsChanged();
  await loading;
  expect(models.engines.get().map((engine) => engine.threads)).toEqual([2, 2, null]);
  threads = 3;
  models.threadsChanged();
  expect(models.engines.get().map((engine) => engine.threads)).toEqual([3, 3, null]);
});

test('a model that gets a job while another one goes is not unloaded under it', async () => {
  settings = { ...settings, mostLoaded: 3 };
  const models = pool();
  for (const id of ['a', 'b']) (await models.acquire(id, never)).release();
  const gone = Promise.withResolvers<void>();
  going = () => gone.promise;
  const unloading = models.unloadIdle();
  const lease = await models.acquire('b', never);
  gone.resolve();
  expect(await unloading).toEqual(['a']);
  expect(models.isLoaded('b')).toBe(true);
  lease.release();
});

test('who asks for a model while its room is being cleared waits for it', async () => {
  memory = createMemoryLedger({ ceiling: { ramBytes: gb, gpuBytes: 0 }, clock: time.clock });
  const models = pool();
  await models.load('a');
  const gone = Promise.withResolvers<void>();
  going = () => gone.promise;
  const unloading = models.unloadIdle();
  const lease = models.acquire('b', never);
  lease.catch(() => {});
  await new Promise(setImmediate);
  gone.resolve();
  await unloading;
  (await lease).release();
  expect(log).toEqual(['load a 4096', 'unload a', 'load b 4096']);
});

test('the memory of a model whose engine does not end well is free again', async () => {
  const models = pool();
  await models.load('a');
  going = () => Promise.reject(new Error('it does not answer'));
  await expect(models.unloadAll()).rejects.toThrow('it does not answer');
  expect(reserved()).toEqual([]);
});
