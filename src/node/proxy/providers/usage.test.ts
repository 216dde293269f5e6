import { expect, test } from 'vitest';
import { soundUsage } from './usage.ts';

test('counts that cannot be true are no counts', () => {
  expect(soundUsage({ prompt: 3, completion: 4 })).toEqual({
    prompt: 3,
    cached: 0,
    cacheWrite: 0,
    completion: 4,
    reasoning: 0,
  });
  for (const counts of [
    {},
    { prompt: -1, completion: 1 },
    { prompt: 1.5, completion: 1 },
    { prompt: '3', completion: 1 },
    { prompt: 3, completion: 4, cached: 4 },
    { prompt: 3, completion: 4, reasoning: 5 },
    { prompt: 1e12, completion: 1 },
  ])
    expect(soundUsage(counts)).toBeNull();
});
