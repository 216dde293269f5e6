import { expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import type { JobRequest } from './job-request.ts';
import type { WorkResult } from './job-work.ts';
import { createResponseCache } from './response-cache.ts';

const request = (prompt: string, sampling: object = { temperature: 0 }): JobRequest =>
  ({
    requestId: `${Math.random()}`,
    model: 'm',
    work: {
      kind: 'generate',
      choices: 1,
      request: { prompt: { kind: 'completion', prompt }, sampling, stop: [] },
    },
  }) as never;

const result = (text: string, finishReason = 'stop'): WorkResult =>
  ({ text, choices: [{ text, finishReason }], vectors: [], result: { finishReason } }) as never;

function cacheOf(mostBytes: number, ttlMs = 1000) {
  const time = createFakeClock();
  const cache = createResponseCache({ mostBytes: () => mostBytes, ttlMs: () => ttlMs, clock: time.clock });
  const keep = (prompt: string, text = prompt) => cache.put(cache.keyOf(request(prompt)) ?? '', result(text));
  const known = (prompt: string) =>
    (cache.get(cache.keyOf(request(prompt)) ?? '') as WorkResult | undefined)?.text;
  return { ...time, cache, keep, known };
}

test('only requests without chance have a key, and only the very same one has the same', () => {
  const { cache } = cacheOf(10_000);
  expect(cache.keyOf(request('a', { temperature: 1 }))).toBeNull();
  expect(cache.keyOf(request('a', { temperature: 1, seed: 7 }))).not.toBeNull();
  expect(cache.keyOf(request('a'))).toBe(cache.keyOf(request('a')));
  expect(cache.keyOf(request('a'))).not.toBe(cache.keyOf(request('b')));
  expect(cache.keyOf(request('a'))).not.toBe(cache.keyOf(request('a', { temperature: 0, topP: 0.5 })));
});

test('with no room nothing has a key', () => {
  expect(cacheOf(0).cache.keyOf(request('a'))).toBeNull();
});

test('the least recently used go first', () => {
  const { keep, known, cache } = cacheOf(1600);
  for (const prompt of ['a', 'b', 'c']) keep(prompt);
  known('a');
  keep('d');
  expect(['a', 'b', 'c', 'd'].map(known)).toEqual(['a', undefined, 'c', 'd']);
  expect(cache.sizeBytes).toBeLessThanOrEqual(1600);
  cache.shrinkTo(600);
  expect(['a', 'c', 'd'].map(known)).toEqual([undefined, undefined, 'd']);
});

test('old answers, cancelled ones and those larger than the cache are not kept', () => {
  const { keep, known, cache, advance } = cacheOf(2000);
  keep('a');
  advance(1000);
  expect(known('a')).toBeUndefined();
  cache.put(cache.keyOf(request('b')) ?? '', result('b', 'cancelled'));
  expect(known('b')).toBeUndefined();
  keep('c', 'x'.repeat(2000));
  expect(known('c')).toBeUndefined();
  expect(cache.sizeBytes).toBe(0);
});
