import { AppError } from '#contract/errors.ts';
import type { Engine } from '#contract/model.ts';
import type { RemoteServer } from '#contract/remote-server.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import { type Clock, systemClock } from '../../../clock.ts';
import { createSignal } from '../../../signal.ts';
import { engineOff } from '../../engine-off.ts';
import type { LoadOptions, Runtime } from '../../runtime.ts';
import type { Dialect } from './dialect.ts';
import { createOpenAiDialect } from './openai-dialect.ts';
import { serverCommand } from './server-command.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { createTritonDialect } from './triton-dialect.ts';

const pollMs = 5000;
const pollLimitMs = 4000;
const startLimitMs = 120_000;
/** A server of ours reads its weights first, and may have to download them. */
const ownStartLimitMs = 1_800_000;
const firstPauseMs = 500;
const assumedParallel = 8;
const assumedContext = 4096;

const dialectOf = (server: RemoteServer): Dialect =>
  server.kind === 'triton' ? createTritonDialect(server) : createOpenAiDialect(server);

/**
 * A model that another program serves, over HTTP. Loading waits until the server is ready; from then on it is asked every 5 s how it is.
 * While it is away jobs are rejected with `inference/crashed`; when it answers again it serves on.
 */
export function createRemoteRuntime(
  server: RemoteServer,
  { clock = systemClock, dialect = dialectOf(server) }: { clock?: Clock; dialect?: Dialect } = {},
): Runtime {
  const engine = createSignal<Engine>(engineOff);
  let ended = new AbortController();
  let ownServer: ServerProcess | null = null;

  const patch = (change: Partial<Engine>) => engine.set({ ...engine.get(), ...change });
  const limited = () => AbortSignal.any([ended.signal, AbortSignal.timeout(pollLimitMs)]);

  /** Refusals that waiting does not change end the wait. */
  async function whenReady(signal: AbortSignal) {
    const until = clock.now() + (server.managed ? ownStartLimitMs : startLimitMs);
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, pollMs)) {
      try {
        return await dialect.facts(AbortSignal.any([signal, AbortSignal.timeout(pollLimitMs)]));
      } catch (thrown) {
        signal.throwIfAborted();
        const error = toAppError(thrown);
        const isPassing = error.code === 'inference/busy' || error.code === 'inference/crashed';
        if (!isPassing || clock.now() + pauseMs >= until) throw error;
        await clock.sleep(pauseMs, signal);
      }
    }
  }

  async function watch(signal: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(pollMs, signal);
      try {
        await dialect.facts(limited());
        const figures = await dialect.figures(limited()).catch(() => null);
        if (signal.aborted) return;
        const { state, restarts } = engine.get();
        const isBack = state !== 'ready';
        patch({
          server: figures,
          ...(isBack ? { state: 'ready', error: null, restarts: restarts + 1 } : {}),
        });
      } catch (thrown) {
        if (signal.aborted) return;
        patch({ state: 'restarting', server: null, error: errorBody(away(thrown)) });
      }
    }
  }

  const away = (cause?: unknown) =>
    new AppError('inference/crashed', `The server at ${server.url} is away: ${toAppError(cause).message}`, {
      cause,
      retryAfterSeconds: 5,
    });

  /** What a server of ours wrote last says most of why it did not start. */
  function withLastWords(error: AppError): AppError {
    const words = ownServer?.lines().at(-1);
    return words === undefined
      ? error
      : new AppError(error.code, `${error.message} It wrote: ${words}`, { cause: error });
  }

  function requireReady(): void {
    const { state, error } = engine.get();
    if (state !== 'ready')
      throw new AppError('inference/crashed', error?.message ?? 'The server is not ready.', {
        retryAfterSeconds: 5,
      });
  }

  async function unload(): Promise<void> {
    const own = ownServer;
    ownServer = null;
    await own?.end();
    ended.abort(new AppError('node/stopped', 'The model was unloaded.'));
    engine.set({ ...engineOff, restarts: engine.get().restarts });
  }

  return {
    name: server.kind,
    engine,
    lacks: () => dialect.lacks(),
    async load(options: LoadOptions, signal) {
      await unload();
      ended = new AbortController();
      const mine = ended.signal;
      patch({ state: 'loading', modelId: options.modelId, error: null });
      try {
        if (server.managed) ownServer = await startServerProcess(serverCommand(server, options), { clock });
        const facts = await whenReady(signal ? AbortSignal.any([mine, signal]) : mine);
        const loaded = {
          modelId: options.modelId,
          backend: facts.backend,
          contextSize:
            facts.contextSize ?? (options.contextSize === 'auto' ? assumedContext : options.contextSize),
          parallelRequests:
            options.parallelRequests === 'auto'
              ? (facts.parallelRequests ?? assumedParallel)
              : options.parallelRequests,
          threads: 0,
        };
        patch({ ...loaded, threads: null, state: 'ready' });
        watch(mine).catch(() => {});
        return loaded;
      } catch (thrown) {
        const error = withLastWords(toAppError(thrown, 'inference/load-failed'));
        await unload();
        patch({ state: 'failed', modelId: options.modelId, error: errorBody(error) });
        throw error;
      }
    },
    unload,
    // A server's threads are its own.
    setThreads() {},
    async generate(request, handlers, signal) {
      requireReady();
      return dialect.generate(request, handlers, signal);
    },
    async embed(inputs, signal) {
      requireReady();
      return dialect.embed(inputs, signal);
    },
    dispose: unload,
  };
}
