import { AppError } from '#contract/errors.ts';
import type { Engine } from '#contract/model.ts';
import { type ErrorBody, errorBody, toAppError } from '#contract/result.ts';
import type { Clock } from '../clock.ts';
import type { MemoryLedger } from '../hybrid/memory-ledger.ts';
import { createQuiet } from '../quiet.ts';
import { createSignal, type Signal } from '../signal.ts';
import { engineOff } from './engine-off.ts';
import { foremostEngine } from './foremost-engine.ts';
import type { JobRequest } from './job-request.ts';
import type { WorkResult, WorkRuntime } from './job-work.ts';
import type { LoadLimits } from './load-limits.ts';
import { type ModelMemory, reserveModel } from './model-memory.ts';
import { idleModels, type LoadedModelState, type Memory } from './pool-policy.ts';
import { createPoolRoom } from './pool-room.ts';
import type { LoadOptions, Runtime } from './runtime.ts';
import { unknownModel } from './unknown-model.ts';

const idleCheckMs = 30_000;
/** Jobs taken for a model that has yet to be loaded. */
const slotsBeforeLoad = 4;

/** A loaded model, for one job. */
export interface Lease {
  runtime: WorkRuntime;
  release(): void;
}

/** What jobs need of the models. */
export interface ServedModels {
  offered(): readonly string[];
  /** Throws `inference/unknown-model` where a model is not served. */
  check(id: string): void;
  /** Jobs that may be at work on a model at once. */
  slots(id: string): number;
  /** Loads the model where it is not loaded. Rejects with `inference/*` or, when the signal is aborted, `queue/cancelled`. */
  acquire(id: string, signal: AbortSignal, job: JobRequest): Promise<Lease>;
  /** An answer that was kept, as it may be given for this job; null where it may not. */
  reuse(known: WorkResult, job: JobRequest): WorkResult | null;
  /** Called when slots may have become free. */
  onChange(listener: () => void): void;
}

export interface ModelPool extends ServedModels {
  acquire(id: string, signal: AbortSignal): Promise<Lease & { runtime: Runtime }>;
  /** One an offered model, in their order. */
  engines: Signal<Engine[]>;
  /** The engine that says most. */
  foremost: Signal<Engine>;
  load(id: string, signal?: AbortSignal): Promise<void>;
  isLoaded(id: string): boolean;
  /** Those that are loaded, with what they take. */
  loaded(): LoadedModelState[];
  /** Resolves when no model has a job; rejects with the signal's reason. */
  quiet(signal: AbortSignal): Promise<void>;
  /** Shows what is offered now; what is no longer offered is unloaded once it has no jobs. */
  settingsChanged(): void;
  /** Gives what is loaded the threads that may be used now. */
  threadsChanged(): void;
  idleCount(): number;
  /** Unloads what has no jobs and is not pinned; resolves with what it was when it is gone. */
  unloadIdle(idleMs?: number): Promise<string[]>;
  /** What it takes to load a model; null where it is loaded, is not offered or none may be loaded beside the others. */
  missing(id: string): Memory | null;
  unloadAll(): Promise<void>;
  dispose(): Promise<void>;
}

export interface PoolSettings {
  /** In order of preference. */
  offered: readonly string[];
  pinned: readonly string[];
  mostLoaded: number;
  /** 0: never. */
  idleUnloadMs: number;
}

/** How to run a model and what it needs, of this for its context. */
export interface Found {
  name: string;
  options: LoadOptions;
  needs: Memory;
  context: Memory;
}

interface Loaded {
  id: string;
  runtime: Runtime;
  needs: Memory;
  leases: number;
  lastUsedAt: number;
  /** Resolves when it can serve. */
  ready: Promise<void>;
  isReady: boolean;
  memory: ModelMemory;
}

/**
 * The models on offer and their engines. A model is loaded when it is first asked for, one load at a time; room is made by unloading
 * idle ones, least recently used first. Where memory does not suffice it is tried smaller, at most twice, which is remembered.
 */
export function createModelPool(options: {
  settings(): PoolSettings;
  /** Throws `models/*`. */
  find(id: string): Found;
  createRuntime(id: string, afterCrash: (options: LoadOptions, reason: string) => LoadOptions): Runtime;
  /** Left below the ceilings, all programs' use counted, as of this moment. */
  freeMemory(): Promise<Memory>;
  /** What may be taken of it beside all other work of the node. */
  memory: Pick<MemoryLedger, 'reserve' | 'room'>;
  /** Asks caches for their memory before a model has to go; false where they have none. */
  giveBack?(): boolean;
  limits: LoadLimits;
  /** What one model may use just now. */
  threads(): LoadOptions['threads'];
  clock: Clock;
}): ModelPool {
  const { settings, clock, limits } = options;
  const loaded = new Map<string, Loaded>();
  const engines = createSignal<Engine[]>([]);
  const foremost = createSignal<Engine>(engineOff);
  const listeners = new Set<() => void>();
  const ended = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();
  /** Models that are going: their memory is not free yet. */
  const leaving = new Set<Promise<void>>();
  /** Aborted when everything is unloaded: loads that wait for their turn end then. */
  let loads = new AbortController();
  /** Why a model's last load failed. */
  const failures = new Map<string, ErrorBody>();
  const quiet = createQuiet(() => [...loaded.values()].every(({ leases }) => leases === 0));

  function refresh(): void {
    engines.set(
      settings().offered.map(
        (id) =>
          loaded.get(id)?.runtime.engine.get() ?? {
            ...engineOff,
            modelId: id,
            error: failures.get(id) ?? null,
          },
      ),
    );
    foremost.set(foremostEngine(engines.get()));
    for (const { runtime, memory } of loaded.values()) memory.measured(runtime.engine.get().memory);
    for (const listener of listeners) listener();
  }

  const stateOf = ({ id, leases, lastUsedAt, runtime, needs }: Loaded): LoadedModelState => ({
    id,
    leases,
    lastUsedAt,
    pinned: settings().pinned.includes(id),
    ...(runtime.engine.get().memory ?? needs),
  });
  const states = () => [...loaded.values()].map(stateOf);

  function unload(id: string): Promise<void> {
    const entry = loaded.get(id);
    if (!entry) return Promise.resolve();
    loaded.delete(id);
    const gone = letGo(entry).finally(() => leaving.delete(gone));
    leaving.add(gone);
    return gone;
  }

  const room = createPoolRoom({
    ...options,
    states,
    unload,
    settled: async () => void (await Promise.allSettled(leaving)),
  });

  async function letGo({ runtime, memory }: Loaded): Promise<void> {
    try {
      await runtime.dispose();
    } finally {
      memory.release();
      refresh();
    }
  }

  async function loadNow(id: string, signal: AbortSignal): Promise<void> {
    const model = options.find(id);
    await room.make(id, model, signal);
    signal.throwIfAborted();
    const entry = newEntry(id, model);
    loaded.set(id, entry);
    entry.runtime.engine.subscribe(refresh);
    entry.ready = loadSmaller(entry, limits.apply(model.options), signal);
    try {
      await entry.ready;
      entry.isReady = true;
      failures.delete(id);
      entry.lastUsedAt = clock.now();
    } catch (thrown) {
      await unload(id);
      throw thrown;
    }
    refresh();
  }

  /** Tries again with less where memory did not suffice. */
  async function loadSmaller(
    { runtime, memory }: Loaded,
    wanted: LoadOptions,
    signal: AbortSignal,
  ): Promise<void> {
    for (let next: LoadOptions | null = wanted; ; ) {
      try {
        await runtime.load(next, signal);
        runtime.setThreads(options.threads());
        return;
      } catch (thrown) {
        const { code } = toAppError(thrown);
        const isMemory = code === 'inference/out-of-memory' || code === 'inference/crashed';
        if (!isMemory || signal.aborted) throw thrown;
        next = limits.shrink(next);
        if (next === null) throw thrown;
        memory.shrink();
      }
    }
  }

  function newEntry(id: string, model: Found): Loaded {
    const memory = reserveModel(options.memory, model);
    const runtime = options.createRuntime(id, (before, reason) => {
      const isMemory = reason === 'SIGABRT' || reason === 'SIGKILL';
      const smaller = isMemory ? limits.shrink(before) : null;
      if (smaller) memory.shrink();
      return smaller ?? before;
    });
    const entry = {
      id,
      runtime,
      needs: model.needs,
      memory,
      leases: 0,
      lastUsedAt: clock.now(),
      isReady: false,
    };
    return { ...entry, ready: Promise.resolve() };
  }

  /** Loads one after the other; joins a load of the same model that waits or runs. */
  const loading = new Map<string, Promise<void>>();
  function ensure(id: string, signal: AbortSignal): Promise<void> {
    if (loaded.get(id)?.isReady) return Promise.resolve();
    const known = loading.get(id);
    if (known) return known;
    const ending = AbortSignal.any([loads.signal, signal]);
    const mine = turn
      .then(() => loadNow(id, ending))
      .catch((thrown: unknown) => {
        if (!ending.aborted) failures.set(id, errorBody(toAppError(thrown, 'inference/load-failed')));
        refresh();
        throw thrown;
      })
      .finally(() => loading.delete(id));
    loading.set(id, mine);
    turn = mine.catch(() => {});
    return mine;
  }

  async function watchIdle(): Promise<void> {
    for (;;) {
      await clock.sleep(idleCheckMs, ended.signal);
      const { idleUnloadMs } = settings();
      if (idleUnloadMs > 0) await unloadIdle(idleUnloadMs);
    }
  }

  async function unloadIdle(idleMs = 0): Promise<string[]> {
    const isIdle = (id: string) => idleModels(states(), clock.now(), idleMs).includes(id);
    const gone: string[] = [];
    for (const { id } of states()) {
      // One may have got a job while another one went.
      if (!isIdle(id)) continue;
      gone.push(id);
      await unload(id);
    }
    return gone;
  }

  function missing(id: string): Memory | null {
    const { offered, mostLoaded } = settings();
    if (loaded.has(id) || loaded.size >= mostLoaded || !offered.includes(id)) return null;
    try {
      return options.find(id).needs;
    } catch {
      return null;
    }
  }

  function dropUnoffered(): void {
    const { offered } = settings();
    for (const { id, leases, isReady } of loaded.values())
      if (isReady && leases === 0 && !offered.includes(id)) void unload(id);
  }

  async function unloadAll(): Promise<void> {
    loads.abort(new AppError('node/stopped', 'The node was stopped.'));
    loads = new AbortController();
    await Promise.all([...loaded.keys()].map(unload));
  }

  watchIdle().catch(() => {});
  refresh();

  return {
    engines,
    foremost,
    offered: () => settings().offered,
    check(id) {
      if (!settings().offered.includes(id)) throw unknownModel(id, settings().offered);
    },
    slots(id) {
      if (room.isYielding(id)) return 0;
      return loaded.get(id)?.runtime.engine.get().parallelRequests ?? slotsBeforeLoad;
    },
    async acquire(id, signal) {
      // Nobody's cancel ends a load that others wait for too.
      const left = new Promise<never>((_, reject) => {
        const leave = () =>
          reject(new AppError('queue/cancelled', 'The request was cancelled while its model was loaded.'));
        if (signal.aborted) leave();
        signal.addEventListener('abort', leave, { once: true });
      });
      left.catch(() => {});
      for (;;) {
        await Promise.race([ensure(id, loads.signal), left]);
        const entry = loaded.get(id);
        // Unloaded for another in the same breath.
        if (!entry?.isReady) continue;
        entry.leases += 1;
        entry.lastUsedAt = clock.now();
        let isOut = true;
        return {
          runtime: entry.runtime,
          release() {
            if (!isOut) return;
            isOut = false;
            entry.leases -= 1;
            entry.lastUsedAt = clock.now();
            if (entry.leases > 0) return;
            room.leaseEnded();
            dropUnoffered();
            quiet.check();
          },
        };
      }
    },
    reuse: (known) => known,
    onChange: (listener) => listeners.add(listener),
    load: (id, signal) => ensure(id, signal ?? loads.signal),
    isLoaded: (id) => loaded.get(id)?.isReady === true,
    loaded: states,
    quiet: quiet.wait,
    settingsChanged() {
      refresh();
      dropUnoffered();
    },
    threadsChanged() {
      for (const { runtime } of loaded.values()) runtime.setThreads(options.threads());
    },
    idleCount: () => idleModels(states(), clock.now(), 0).length,
    unloadIdle,
    missing,
    unloadAll,
    async dispose() {
      ended.abort();
      await unloadAll();
    },
  };
}
