import { AppError } from '#contract/errors.ts';
import type { Engine } from '#contract/model.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import { type Clock, systemClock } from '../../../clock.ts';
import { createSignal } from '../../../signal.ts';
import { engineOff } from '../../engine-off.ts';
import type {
  EmbedResult,
  Feature,
  GenerateResult,
  LoadedModel,
  LoadOptions,
  Runtime,
} from '../../runtime.ts';
import type { EngineThreads, LoadedEngine } from './messages.ts';
import { type WorkerEntry, WorkerProcess } from './worker-process.ts';

const firstBackoffMs = 500;
const mostBackoffMs = 30_000;
/** A worker that lived this long starts its backoff anew. */
const stableMs = 60_000;

const startingAgain = () =>
  new AppError('inference/crashed', 'The engine is being started again.', { retryAfterSeconds: 5 });

export interface WorkerRuntime extends Runtime {
  /** Process id of the worker; undefined while there is none. */
  workerPid(): number | undefined;
}

export interface WorkerRuntimeOptions {
  clock?: Clock;
  /** With what to load again after the worker ended by itself, by a signal or a code. */
  afterCrash?: (options: LoadOptions, reason: string) => LoadOptions;
}

/**
 * A native engine in a worker process. A crash rejects the worker's jobs with `inference/crashed`, then the worker is started
 * again with backoff and its model loaded again; jobs that come meanwhile are rejected with `inference/crashed` and a retry time.
 */
export function createWorkerRuntime(
  name: string,
  entry: WorkerEntry,
  { clock = systemClock, afterCrash = (options) => options }: WorkerRuntimeOptions = {},
): WorkerRuntime {
  const engine = createSignal<Engine>(engineOff);
  let worker: WorkerProcess | null = null;
  let lacks: ReadonlySet<Feature> = new Set();
  let wanted: LoadOptions | null = null;
  let backoffMs = firstBackoffMs;
  let stopRestart = new AbortController();

  const patch = (change: Partial<Engine>) => engine.set({ ...engine.get(), ...change });

  async function start(options: LoadOptions, state: 'loading' | 'restarting'): Promise<LoadedModel> {
    const startedAt = clock.now();
    patch({ state, modelId: options.modelId, loadProgress: 0, error: null });
    const mine: WorkerProcess = new WorkerProcess(entry, {
      onProgress: (value) => patch({ loadProgress: value }),
      onMemory: (memory) => patch({ memory }),
      onCrash: (reason) => {
        if (worker !== mine) return;
        worker = null;
        if (clock.now() - startedAt > stableMs) backoffMs = firstBackoffMs;
        void restart(reason);
      },
    });
    worker = mine;
    const { lacks: missing, ...loaded } = await mine.request<LoadedEngine>({ type: 'load', options });
    lacks = new Set(missing);
    patch({ ...loaded, state: 'ready', loadProgress: null });
    // They may have changed while it was loaded.
    if (wanted && wanted.threads !== options.threads) tellThreads(mine, wanted.threads);
    return loaded;
  }

  function tellThreads(to: WorkerProcess, wantedThreads: LoadOptions['threads']): void {
    to.request<EngineThreads>({ type: 'threads', threads: wantedThreads }).then(
      ({ threads }) => {
        if (worker === to) patch({ threads });
      },
      // One that ended meanwhile is loaded again with them.
      () => {},
    );
  }

  async function restart(reason: string): Promise<void> {
    if (!wanted) return;
    // A load that has not ended yet is its caller's to try again.
    const options = engine.get().state === 'loading' ? wanted : afterCrash(wanted, reason);
    wanted = options;
    const error = new AppError('inference/crashed', `The engine’s process ended (${reason}).`);
    patch({
      state: 'restarting',
      memory: null,
      restarts: engine.get().restarts + 1,
      error: errorBody(error),
    });
    const { signal } = stopRestart;
    const pauseMs = backoffMs;
    backoffMs = Math.min(backoffMs * 2, mostBackoffMs);
    try {
      await clock.sleep(pauseMs, signal);
      if (wanted && !signal.aborted) await start(wanted, 'restarting');
    } catch (thrown) {
      // A crash while loading has started the next try already; a refusal ends them.
      const failure = toAppError(thrown);
      if (!signal.aborted && failure.code !== 'inference/crashed')
        patch({ state: 'failed', error: errorBody(failure) });
    }
  }

  async function unload(): Promise<void> {
    wanted = null;
    stopRestart.abort();
    stopRestart = new AbortController();
    const ending = worker;
    worker = null;
    await ending?.end();
    engine.set({ ...engineOff, restarts: engine.get().restarts });
  }

  return {
    name,
    engine,
    workerPid: () => worker?.pid,
    lacks: () => lacks,
    async load(options, signal) {
      await unload();
      signal?.throwIfAborted();
      wanted = options;
      backoffMs = firstBackoffMs;
      const abandon = () => void unload();
      signal?.addEventListener('abort', abandon, { once: true });
      try {
        return await start(options, 'loading');
      } catch (thrown) {
        const error = toAppError(thrown, 'inference/load-failed');
        await unload();
        patch({ state: 'failed', error: errorBody(error) });
        throw error;
      } finally {
        signal?.removeEventListener('abort', abandon);
      }
    },
    unload,
    setThreads(threads) {
      if (!wanted || wanted.threads === threads) return;
      wanted = { ...wanted, threads };
      if (worker && engine.get().state === 'ready') tellThreads(worker, threads);
    },
    generate(request, handlers, signal) {
      if (!worker || engine.get().state !== 'ready') return Promise.reject(startingAgain());
      return worker.request<GenerateResult>({ type: 'generate', request }, { handlers, signal });
    },
    embed(inputs, signal) {
      if (!worker || engine.get().state !== 'ready') return Promise.reject(startingAgain());
      return worker.request<EmbedResult>({ type: 'embed', inputs }, { signal });
    },
    dispose: unload,
  };
}
