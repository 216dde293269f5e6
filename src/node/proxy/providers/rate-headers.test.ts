import { expect, test } from 'vitest';
import { readHeadroom, retryAfterSeconds } from './rate-headers.ts';

test('limits and pauses are read as providers write them, and not believed beyond a day', () => {
  const now = Date.UTC(2026, 10, 24);
  const read = (headers: Record<string, string>) => readHeadroom(new Headers(headers), now);
  expect(read({ 'x-ratelimit-remaining-requests': '7', 'x-ratelimit-reset-requests': '1m30.5s' })).toEqual({
    requests: { left: 7, resetsAt: now + 90_500 },
  });
  expect(
    read({
      'anthropic-ratelimit-tokens-remaining': '0',
      'anthropic-ratelimit-tokens-reset': '2031-01-01T00:00:00Z',
    }),
  ).toEqual({ tokens: { left: 0, resetsAt: now + 86_400_000 } });
  expect(read({ 'x-ratelimit-remaining-requests': '-1', 'x-ratelimit-reset-requests': 'soon' })).toEqual({});
  const after = (text: string) => retryAfterSeconds(new Headers({ 'retry-after': text }), now);
  expect([after('3'), after('0.2'), after('Tue, 24 Nov 2026 00:00:09 GMT'), after('never')]).toEqual([
    3,
    1,
    9,
    null,
  ]);
});
