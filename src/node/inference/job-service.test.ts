import { expect, test, vi } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createScriptedRuntime, onlyModel } from '#testing/scripted-runtime.ts';
import type { FinishedJob, JobRequest } from './job-request.ts';
import { createJobService } from './job-service.ts';
import { createResponseCache } from './response-cache.ts';
import { createServingRecorder } from './serving-stats.ts';

const hour = 3_600_000;

function service() {
  const time = createFakeClock();
  const scripted = createScriptedRuntime({ pace: 'stepped', words: ['one '] });
  const booked: FinishedJob[] = [];
  const ended: (string | null)[] = [];
  const stats = createServingRecorder(time.clock);
  const jobs = createJobService({
    models: onlyModel(scripted.runtime),
    cache: createResponseCache({ mostBytes: () => 0, ttlMs: () => 0, clock: time.clock }),
    stats,
    clock: time.clock,
    accounting: {
      book: async (job) => {
        booked.push(job);
        return null;
      },
    },
    queueLimit: () => 10,
    gate: () => null,
    onUnbookable: () => {},
    onEnd: (code) => ended.push(code),
  });
  const request = (requestId: string): JobRequest => ({
    requestId,
    source: { kind: 'local', client: 'test' },
    model: 'scripted',
    work: {
      kind: 'generate',
      choices: 1,
      request: {
        prompt: { kind: 'completion', prompt: 'Hello' },
        sampling: { temperature: 1 },
        maxTokens: null,
        stop: [],
      },
    },
    tipLamports: 0n,
    inputSha256: '',
    deadlineMs: time.clock.now() + 10_000,
  });
  return { ...time, ...scripted, jobs, booked, ended, request, stats };
}

test('what is stopped for the computer’s owner ends with the reason, unbooked and not lost; what waits is refused with it', async () => {
  const { jobs, request, booked, stats, ended } = service();
  const why = new AppError('node/paused', 'A game runs.', { retryAfterSeconds: 60 });
  const running = jobs.submit(request('running'));
  const waiting = jobs.submit(request('waiting'));
  const seen = Promise.allSettled([running.done, waiting.done]);
  await vi.waitFor(() => expect(jobs.running()).toBe(1));
  jobs.refuseWaiting(why);
  expect(jobs.waiting()).toBe(0);
  jobs.stopRunning(why, (model) => model !== 'scripted');
  expect(jobs.running()).toBe(1);
  jobs.stopRunning(why, () => true);
  expect(await seen).toEqual([
    { status: 'rejected', reason: why },
    { status: 'rejected', reason: why },
  ]);
  expect(booked).toEqual([]);
  expect(ended).toEqual([]);
  expect(stats.stats.get().completed).toBe(0);
  expect(jobs.jobs().map(({ state, error }) => [state, error?.code])).toEqual([
    ['failed', 'node/paused'],
    ['failed', 'node/paused'],
  ]);
  stats.dispose();
});

test('a clock that jumps ahead ends what waits, with its reason, and lets what runs finish', async () => {
  const { jobs, request, advance, next, started, booked, stats } = service();
  const running = jobs.submit(request('running'));
  const waiting = jobs.submit(request('waiting'));
  advance(hour);
  const refused = expect(waiting.done).rejects.toMatchObject({ code: 'queue/deadline-passed' });
  next();
  await running.done;
  await refused;
  expect(started).toHaveLength(1);
  expect(booked).toHaveLength(1);
  stats.dispose();
});

test('a clock that is set back makes no negative times', async () => {
  const { jobs, request, advance, next, booked, stats } = service();
  const running = jobs.submit(request('running'));
  const waiting = jobs.submit(request('waiting'));
  advance(-hour);
  next();
  await running.done;
  await vi.waitFor(() => expect(jobs.running()).toBe(1));
  next();
  await waiting.done;
  for (const { queuedAt, startedAt, finishedAt } of booked) {
    expect(startedAt).toBeGreaterThanOrEqual(queuedAt);
    expect(finishedAt).toBeGreaterThanOrEqual(startedAt);
  }
  stats.dispose();
});
