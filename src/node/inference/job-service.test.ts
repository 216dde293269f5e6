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

const training = new AppError('node/training', 'This computer trains.', { retryAfterSeconds: 30 });
const never = new AbortController().signal;

test('before its model rests what runs is finished; what waits stays where it has the time, else is sent away at once', async () => {
  const { jobs, request, clock, next, started, stats } = service();
  const running = jobs.submit(request('running'));
  const patient = jobs.submit({ ...request('patient'), deadlineMs: clock.now() + hour });
  const hasty = jobs.submit(request('hasty'));
  const sentAway = expect(hasty.done).rejects.toMatchObject({ code: 'node/training', retryAfterSeconds: 30 });
  jobs.hold({ applies: () => true, error: training, backAt: clock.now() + 60_000 });
  await sentAway;
  expect(() => jobs.submit(request('late'))).toThrow(training);
  expect(jobs.held()).toBe(1);
  const quiet = jobs.quiet(never);
  next();
  await running.done;
  await quiet;
  expect(started).toHaveLength(1);
  expect([jobs.running(), jobs.waiting()]).toEqual([0, 1]);
  jobs.unhold();
  await vi.waitFor(() => expect(started).toHaveLength(2));
  next();
  await patient.done;
  stats.dispose();
});

test('a stream that may have been opened already is still answered before its model rests', async () => {
  const { jobs, request, clock, advance, next, started, stats } = service();
  const running = jobs.submit({ ...request('running'), deadlineMs: clock.now() + hour });
  const opened = jobs.submit({ ...request('opened'), deadlineMs: clock.now() + 30_000 });
  advance(12_000);
  jobs.hold({ applies: () => true, error: training, backAt: Number.POSITIVE_INFINITY });
  expect(jobs.held()).toBe(2);
  const quiet = jobs.quiet(never);
  await vi.waitFor(() => expect(started).toHaveLength(1));
  next();
  await running.done;
  await vi.waitFor(() => expect(started).toHaveLength(2));
  next();
  await opened.done;
  await quiet;
  stats.dispose();
});

test('what comes while its model is on its way back waits for it; where it does not come it is sent away', async () => {
  const { jobs, request, next, started, stats } = service();
  const hold = { applies: () => true, error: training, backAt: Number.POSITIVE_INFINITY };
  jobs.hold(hold);
  jobs.expect();
  const early = jobs.submit(request('early'));
  expect([jobs.running(), jobs.waiting(), jobs.held()]).toEqual([0, 1, 0]);
  const sentAway = expect(early.done).rejects.toMatchObject({ code: 'node/training' });
  jobs.hold(hold);
  await sentAway;
  jobs.expect();
  const patient = jobs.submit(request('patient'));
  jobs.unhold();
  await vi.waitFor(() => expect(started).toHaveLength(1));
  next();
  await patient.done;
  stats.dispose();
});

test('models that do not rest go on', async () => {
  const { jobs, request, next, started, clock, stats } = service();
  jobs.hold({ applies: (model) => model === 'another', error: training, backAt: clock.now() });
  const running = jobs.submit(request('running'));
  expect(jobs.held()).toBe(0);
  await vi.waitFor(() => expect(started).toHaveLength(1));
  next();
  await running.done;
  stats.dispose();
});
