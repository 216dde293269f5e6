import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Throttle } from './throttle.ts';

test('no limit is ever passed within any minute, whatever comes when', () => {
  const step = fc.record({ waitMs: fc.nat(20_000), tokens: fc.nat(120) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const throttle = new Throttle();
      const limits = { requestsPerMinute: 5, tokensPerMinute: 300, concurrent: 3 };
      const sent: { at: number; tokens: number }[] = [];
      const running: (() => void)[] = [];
      let now = 0;
      for (const { waitMs, tokens } of steps) {
        now += waitMs;
        const freeAt = throttle.freeAt(now, tokens, limits);
        if (freeAt === Number.POSITIVE_INFINITY) {
          running.shift()?.();
          continue;
        }
        now = Math.max(now, freeAt);
        const leave = throttle.take(now, tokens, limits);
        running.push(() => leave(tokens));
        sent.push({ at: now, tokens });
        expect(running.length).toBeLessThanOrEqual(3);
        const window = sent.filter(({ at }) => at > now - 60_000);
        expect(window.length).toBeLessThanOrEqual(5);
        expect(window.reduce((sum, one) => sum + one.tokens, 0)).toBeLessThanOrEqual(300);
      }
    }),
  );
});

test('what a provider says is left counts more than what it was asked', () => {
  const throttle = new Throttle();
  const none = { requestsPerMinute: null, tokensPerMinute: null, concurrent: null };
  throttle.heard({ requests: { left: 1, resetsAt: 5000 }, tokens: { left: 1000, resetsAt: 9000 } });
  expect(throttle.freeAt(0, 10, none)).toBe(0);
  expect(throttle.freeAt(0, 1001, none)).toBe(9000);
  throttle.take(0, 10, none);
  expect(throttle.freeAt(0, 10, none)).toBe(5000);
  expect(throttle.freeAt(5000, 10, none)).toBe(5000);
});
