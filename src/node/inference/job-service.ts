import { AppError } from '#contract/errors.ts';
import type { Job } from '#contract/job.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import type { Clock } from '../clock.ts';
import { JobBook } from './job-book.ts';
import type {
  FinishedJob,
  JobAccounting,
  JobHandle,
  JobHandlers,
  JobOutcome,
  JobRequest,
  JobService,
  JobSource,
} from './job-request.ts';
import { doWork, type WorkResult } from './job-work.ts';
import type { ServedModels } from './model-pool.ts';
import { Queue } from './queue.ts';
import type { ResponseCache } from './response-cache.ts';
import type { ServingRecorder } from './serving-stats.ts';

export interface JobServiceParts {
  models: ServedModels;
  cache: ResponseCache;
  accounting: JobAccounting;
  stats: ServingRecorder;
  clock: Clock;
  queueLimit(): number;
  /** Why no job is taken now; null while jobs are. */
  gate(): AppError | null;
  /** Why this request's sender is not served: it owes too much, or is blocked. Asked for each request. */
  refusal?(source: JobSource): AppError | null;
  /** What was served could not be booked, and what comes next could not be either. */
  onUnbookable(error: AppError): void;
}

export interface DrainableJobService extends JobService {
  running(): number;
  waiting(): number;
  /** Refuses what waits, lets what runs finish until `untilMs`, then cancels it. Resolves when nothing runs. */
  drain(untilMs: number): Promise<void>;
}

interface Entry {
  request: JobRequest;
  handlers: JobHandlers;
  client: string;
  tipLamports: bigint;
  deadlineMs: number;
  queuedAt: number;
  abort: AbortController;
  row: Job;
  resolve(outcome: JobOutcome): void;
  reject(error: AppError): void;
}

/** Seconds that a client is told to wait when the queue is full and nothing is known of how long jobs take. */
const guessedJobSeconds = 2;

/** Queue and engines: at most as many jobs of a model are at work as its engine takes, the others wait for their turn. */
export function createJobService(parts: JobServiceParts): DrainableJobService {
  const { models, cache, accounting, stats, clock } = parts;
  const queue = new Queue<Entry>();
  const running = new Set<Entry>();
  /** By request id: what waits and what runs. */
  const inWork = new Map<string, Entry>();
  const book = new JobBook();
  let expiry: NodeJS.Timeout | null = null;
  let onIdle: (() => void) | null = null;

  function change(entry: Entry, patch: Partial<Job>): void {
    entry.row = { ...entry.row, ...patch };
    book.put(entry.request.requestId, entry.row);
  }

  function refuse(row: Job, error: AppError): never {
    book.put(`refused-${row.id}-${row.queuedAt}-${Math.random()}`, {
      ...row,
      state: 'refused',
      finishedAt: row.queuedAt,
      error: errorBody(error),
    });
    throw error;
  }

  function submit(request: JobRequest, handlers: JobHandlers = {}): JobHandle {
    const now = clock.now();
    const row = firstRow(request, now);
    const closed = parts.gate() ?? parts.refusal?.(request.source);
    if (closed) refuse(row, closed);
    try {
      models.check(request.model);
    } catch (thrown) {
      refuse(row, toAppError(thrown));
    }
    if (inWork.has(request.requestId))
      refuse(
        row,
        new AppError('request/invalid', `A request ${request.requestId} is in work already.`, {
          data: { field: 'request_id' },
        }),
      );
    if (request.deadlineMs <= now) refuse(row, deadlinePassed());
    const done = Promise.withResolvers<JobOutcome>();
    const entry: Entry = {
      request,
      handlers,
      client: row.client,
      tipLamports: request.tipLamports,
      deadlineMs: request.deadlineMs,
      queuedAt: now,
      abort: new AbortController(),
      row,
      resolve: done.resolve,
      reject: done.reject,
    };
    done.promise.catch(() => {});
    if (!queue.add(entry, parts.queueLimit() - running.size)) refuse(row, queueFull());
    inWork.set(request.requestId, entry);
    change(entry, { state: 'waiting', position: queue.position(entry) });
    fill();
    return {
      id: request.requestId,
      done: done.promise,
      cancel: () => cancelEntry(entry, 'queue/client-left'),
    };
  }

  function hasSlot({ request: { model } }: Entry): boolean {
    const slots = models.slots(model);
    if (slots === Number.POSITIVE_INFINITY) return true;
    let atWork = 0;
    for (const entry of running) if (entry.request.model === model) atWork += 1;
    return atWork < slots;
  }

  function queueFull(): AppError {
    const slots = Math.max(1, running.size);
    const inWork = queue.length + running.size;
    const seconds = Math.ceil(((stats.jobSeconds() ?? guessedJobSeconds) * inWork) / slots / 10);
    return new AppError('queue/full', `${inWork} requests are at work or waiting already.`, {
      retryAfterSeconds: Math.min(60, Math.max(1, seconds)),
      data: { waiting: queue.length, running: running.size },
    });
  }

  /** Starts waiting jobs while the engine has room, and ends those whose time is over. */
  function fill(): void {
    const now = clock.now();
    for (const entry of queue.takeExpired(now)) fail(entry, deadlinePassed());
    for (;;) {
      const entry = queue.take(now, hasSlot);
      if (!entry) break;
      running.add(entry);
      void work(entry);
    }
    renumber();
    planExpiry();
    stats.setLoad(running.size, queue.length, parts.queueLimit());
    if (running.size === 0) onIdle?.();
  }

  function renumber(): void {
    queue.items().forEach((entry, index) => {
      if (entry.row.position !== index + 1) change(entry, { position: index + 1 });
    });
  }

  function planExpiry(): void {
    if (expiry) clearTimeout(expiry);
    expiry = null;
    if (queue.length === 0) return;
    const next = Math.min(...queue.items().map(({ deadlineMs }) => deadlineMs));
    expiry = setTimeout(fill, Math.max(1, next - clock.now() + 1));
  }

  async function work(entry: Entry): Promise<void> {
    const { request } = entry;
    const startedAt = Math.max(clock.now(), entry.queuedAt);
    const { position: _, ...row } = entry.row;
    entry.row = row;
    change(entry, { state: 'running', startedAt });
    const late = setTimeout(() => entry.abort.abort(), Math.max(1, request.deadlineMs - startedAt));
    try {
      const { isCacheHit, ...done } = await answer(entry);
      const { result } = done;
      const finished = {
        request,
        ...done,
        isCacheHit,
        queuedAt: entry.queuedAt,
        startedAt,
        // A clock that was set back makes no negative times.
        finishedAt: Math.max(clock.now(), startedAt),
      };
      const earning = await bookOrStop(finished);
      stats.finished((finished.finishedAt - startedAt) / 1000, true);
      change(entry, {
        state: result.finishReason === 'cancelled' ? 'cancelled' : 'done',
        finishedAt: finished.finishedAt,
        promptTokens: result.promptTokens,
        generatedTokens: result.generatedTokens,
        finishReason: result.finishReason,
        ...(earning ? { earnedLamports: `${earning.netLamports}` } : {}),
      });
      entry.resolve({ ...finished, earning });
    } catch (thrown) {
      const error = toAppError(thrown, 'inference/failed');
      // What a provider's answer cost could not be written down either.
      if (error.code.startsWith('ledger/') || error.code === 'disk/full') parts.onUnbookable(error);
      stats.finished(Math.max(0, clock.now() - startedAt) / 1000, error.status < 500);
      fail(entry, error);
    } finally {
      clearTimeout(late);
      running.delete(entry);
      inWork.delete(request.requestId);
      fill();
    }
  }

  /** From the cache where the very same was asked before; else from the model, which is loaded where it is not. */
  async function answer(entry: Entry): Promise<WorkResult & { isCacheHit: boolean }> {
    const { request, handlers } = entry;
    const key = cache.keyOf(request);
    const kept = key === null ? undefined : await cache.get(key);
    const known = kept && models.reuse(kept, request);
    if (known) {
      change(entry, { promptTokens: known.result.promptTokens });
      handlers.onStart?.(known.result.promptTokens, true);
      known.choices.forEach(({ text }, index) => {
        handlers.onText?.(text, index);
      });
      return { ...known, isCacheHit: true };
    }
    const lease = await models.acquire(request.model, entry.abort.signal, request);
    try {
      const fresh = await doWork(request.work, lease.runtime, recording(entry), entry.abort.signal);
      if (key !== null) cache.put(key, fresh);
      return { ...fresh, isCacheHit: false };
    } finally {
      lease.release();
    }
  }

  /** The client's handlers, with the job's row and the figures kept up to date. */
  function recording(entry: Entry) {
    const { handlers } = entry;
    let shownAt = 0;
    return {
      onStart(promptTokens: number) {
        change(entry, { promptTokens });
        handlers.onStart?.(promptTokens, false);
      },
      onTokens(generatedTokens: number) {
        if (entry.row.generatedTokens === 0) stats.firstToken(clock.now() - entry.queuedAt);
        stats.tokens(generatedTokens - entry.row.generatedTokens);
        entry.row.generatedTokens = generatedTokens;
        const now = clock.now();
        if (now - shownAt <= 100) return;
        shownAt = now;
        change(entry, {});
      },
      ...(handlers.onText ? { onText: handlers.onText } : {}),
      ...(handlers.onRoute ? { onRoute: handlers.onRoute } : {}),
    };
  }

  /** Serving on unpaid helps nobody: the node stops, and says why. */
  async function bookOrStop(finished: FinishedJob) {
    try {
      return await accounting.book(finished);
    } catch (thrown) {
      const error = toAppError(thrown);
      parts.onUnbookable(error);
      throw error;
    }
  }

  function fail(entry: Entry, error: AppError): void {
    inWork.delete(entry.request.requestId);
    const isCancel = error.code === 'queue/cancelled' || error.code === 'queue/client-left';
    change(entry, {
      state: isCancel ? 'cancelled' : 'failed',
      finishedAt: Math.max(clock.now(), entry.queuedAt),
      error: errorBody(error),
    });
    entry.reject(error);
  }

  function cancelEntry(entry: Entry, code: 'queue/cancelled' | 'queue/client-left'): void {
    if (queue.remove(entry)) {
      fail(entry, new AppError(code, 'The request was cancelled while it waited.'));
      fill();
    } else {
      entry.abort.abort();
    }
  }

  models.onChange(fill);

  return {
    submit,
    jobs: () => book.rows(),
    onChange: (listener) => book.onChange(listener),
    running: () => running.size,
    waiting: () => queue.length,
    cancel(id, by) {
      const entry = inWork.get(id);
      if (!entry) return false;
      const { source } = entry.request;
      if (by && !(source.kind === 'gateway' && source.gatewayKey === by.gatewayKey)) return false;
      cancelEntry(entry, 'queue/cancelled');
      return true;
    },
    async drain(untilMs) {
      const stopping = new AppError('node/draining', 'This node is stopping.', { retryAfterSeconds: 60 });
      for (const entry of [...queue.items()]) {
        queue.remove(entry);
        fail(entry, stopping);
      }
      fill();
      if (running.size === 0) return;
      const limit = setTimeout(
        () => {
          for (const entry of running) entry.abort.abort();
        },
        Math.max(0, untilMs - clock.now()),
      );
      await new Promise<void>((resolve) => {
        onIdle = resolve;
      });
      onIdle = null;
      clearTimeout(limit);
    },
  };
}

const deadlinePassed = () =>
  new AppError('queue/deadline-passed', 'The request’s time was over before its turn came.');

function firstRow(request: JobRequest, now: number): Job {
  const { source, work } = request;
  const maxTokens = work.kind === 'generate' ? work.request.maxTokens : null;
  return {
    id: request.requestId,
    state: 'waiting',
    model: request.model,
    kind: work.kind === 'generate' ? work.request.prompt.kind : 'embedding',
    source: source.kind,
    client: source.kind === 'gateway' ? source.payer : source.client,
    queuedAt: now,
    generatedTokens: 0,
    ...(maxTokens === null ? {} : { maxTokens }),
  };
}
