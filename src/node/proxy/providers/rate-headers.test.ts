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

test('a provider’s dates are read by its own clock, however far it is off', () => {
  const now = Date.UTC(2026, 10, 24);
  for (const hours of [-30, -1, 0, 1, 30]) {
    const there = now + hours * 3_600_000;
    const date = (ms: number) => new Date(there + ms).toUTCString();
    const headers = new Headers({
      date: date(0),
      'retry-after': date(9000),
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': new Date(there + 9000).toISOString(),
    });
    expect(retryAfterSeconds(headers, now)).toBe(9);
    expect(readHeadroom(headers, now)).toEqual({ requests: { left: 0, resetsAt: now + 9000 } });
  }
});
