import { expect, test } from 'vitest';
import type { Job, QueueEvent } from '#contract/job.ts';
import type { Client } from '#contract/transport.ts';
import { applyQueueEvent, emptyBook, jobsInOrder } from './queue-book.ts';
import { filterJobs } from './queue-filter.ts';
import { createQueueStore } from './queue-store.ts';

const job = (id: string, state: Job['state'], more: Partial<Job> = {}): Job => ({
  id,
  state,
  model: 'tiny-chat',
  kind: 'chat',
  source: 'gateway',
  client: '7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU',
  queuedAt: 1000,
  generatedTokens: 0,
  ...more,
});
const ids = (jobs: readonly Job[]) => jobs.map((one) => one.id);

test('running jobs stand first, then the waiting by position, then what ended, newest on top', () => {
  const book = emptyBook();
  const jobs = [
    job('old', 'done', { finishedAt: 5 }),
    job('third', 'waiting', { position: 2 }),
    job('new', 'refused', { finishedAt: 9 }),
    job('first', 'running', { startedAt: 3 }),
    job('second', 'waiting', { position: 1 }),
  ];
  applyQueueEvent(book, { type: 'snapshot', jobs });
  expect(ids(jobsInOrder(book))).toEqual(['first', 'second', 'third', 'new', 'old']);
});

test('a change replaces a job, adds a new one and takes out the removed; a second snapshot starts afresh', () => {
  const book = emptyBook();
  applyQueueEvent(book, { type: 'snapshot', jobs: [job('a', 'waiting', { position: 1 }), job('b', 'done')] });
  jobsInOrder(book);
  const running = job('a', 'running', { startedAt: 1, generatedTokens: 7 });
  applyQueueEvent(book, {
    type: 'changed',
    jobs: [running, job('c', 'waiting', { position: 1 })],
    removed: ['b'],
  });
  expect(jobsInOrder(book)).toEqual([running, expect.objectContaining({ id: 'c' })]);
  applyQueueEvent(book, { type: 'changed', jobs: [], removed: ['c'] });
  applyQueueEvent(book, { type: 'changed', jobs: [job('c', 'done')], removed: [] });
  expect(ids(jobsInOrder(book))).toEqual(['a', 'c']);
  applyQueueEvent(book, { type: 'snapshot', jobs: [job('z', 'done')] });
  expect(ids(jobsInOrder(book))).toEqual(['z']);
});

test('the filter keeps the chosen states and finds model, client and id without regard to case', () => {
  const jobs = [job('a', 'running'), job('b', 'done'), job('c', 'refused', { model: 'Llama 3.2' })];
  expect(filterJobs(jobs, 'all', ' ')).toBe(jobs);
  expect(ids(filterJobs(jobs, 'active', ''))).toEqual(['a']);
  expect(ids(filterJobs(jobs, 'not-served', ''))).toEqual(['c']);
  expect(ids(filterJobs(jobs, 'all', 'LLAMA'))).toEqual(['c']);
});

test('a burst of events is shown once, on the next frame, and nobody listens after the last watcher left', () => {
  let publish: (event: QueueEvent) => void = () => {};
  let subscribed = 0;
  const client = {
    request: () => Promise.reject(new Error('not asked here')),
    subscribe(_name: string, listener: (event: QueueEvent) => void) {
      subscribed += 1;
      publish = listener;
      return () => {
        subscribed -= 1;
      };
    },
  } as unknown as Client;
  const frames: (() => void)[] = [];
  const store = createQueueStore(client, (run) => frames.push(run));
  let changes = 0;
  const leave = store.subscribe(() => {
    changes += 1;
  });
  expect(store.jobs()).toBeNull();
  publish({ type: 'snapshot', jobs: [job('a', 'running')] });
  for (let count = 1; count <= 50; count += 1) {
    publish({ type: 'changed', jobs: [job('a', 'running', { generatedTokens: count })], removed: [] });
  }
  expect(frames).toHaveLength(1);
  frames[0]?.();
  expect(changes).toBe(1);
  expect(store.jobs()?.[0]?.generatedTokens).toBe(50);
  leave();
  expect(subscribed).toBe(0);
});
