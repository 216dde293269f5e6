import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Queue } from './queue.ts';

type Item = { id: number; deadlineMs: number };

test('never more than the limit wait, order is kept, and no expired or removed item is handed out', () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant('add' as const), deadlineMs: fc.integer({ min: 0, max: 200 }) }),
    fc.record({ act: fc.constant('take' as const) }),
    fc.record({ act: fc.constant('remove' as const), which: fc.nat(20) }),
    fc.record({ act: fc.constant('wait' as const), ms: fc.nat(30) }),
    fc.record({ act: fc.constant('expire' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 8 }), (steps, limit) => {
      const queue = new Queue<Item>();
      const gone = new Set<number>();
      let now = 0;
      let id = 0;
      let lastTaken = -1;
      for (const action of steps) {
        if (action.act === 'wait') now += action.ms;
        if (action.act === 'add') {
          const before = queue.length;
          const taken = queue.add({ id: id++, deadlineMs: action.deadlineMs }, limit);
          expect(taken).toBe(before < limit);
        }
        if (action.act === 'take') {
          const item = queue.take(now);
          if (item) {
            expect(item.deadlineMs).toBeGreaterThan(now);
            expect(item.id).toBeGreaterThan(lastTaken);
            expect(gone.has(item.id)).toBe(false);
            lastTaken = item.id;
            gone.add(item.id);
          }
        }
        if (action.act === 'remove') {
          const item = queue.items()[action.which];
          if (item && queue.remove(item)) gone.add(item.id);
        }
        if (action.act === 'expire')
          for (const item of queue.takeExpired(now)) {
            expect(item.deadlineMs).toBeLessThanOrEqual(now);
            gone.add(item.id);
          }
        expect(queue.length).toBeLessThanOrEqual(limit);
        queue.items().forEach((item, index) => {
          expect(queue.position(item)).toBe(index + 1);
          expect(gone.has(item.id)).toBe(false);
        });
      }
    }),
    { numRuns: 500 },
  );
});
