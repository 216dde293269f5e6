import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mostBonusMs, Queue, type Queued, turnMs } from './queue.ts';

type Item = Queued & { id: number };

const tip = fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 10n ** 12n }));
const client = fc.constantFrom('anna', 'ben', 'carla');

test('never more than the limit wait, and no expired or removed item is handed out', () => {
  const step = fc.oneof(
    fc.record({
      act: fc.constant('add' as const),
      deadlineMs: fc.integer({ min: 0, max: 200 }),
      client,
      tipLamports: tip,
    }),
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
      for (const action of steps) {
        if (action.act === 'wait') now += action.ms;
        if (action.act === 'add') {
          const before = queue.length;
          const { act: _, ...item } = action;
          expect(queue.add({ ...item, id: id++, queuedAt: now }, limit)).toBe(before < limit);
        }
        if (action.act === 'take') {
          const item = queue.take(now);
          if (item) {
            expect(item.deadlineMs).toBeGreaterThan(now);
            expect(gone.has(item.id)).toBe(false);
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

describe('order', () => {
  let id = 0;
  const item = (of: string, queuedAt: number, tipLamports = 0n): Item => ({
    id: id++,
    client: of,
    tipLamports,
    queuedAt,
    deadlineMs: Number.MAX_SAFE_INTEGER,
  });
  const drained = (items: Item[]) => {
    const queue = new Queue<Item>();
    for (const each of items) queue.add(each, items.length);
    return items.map(() => queue.take(0) as Item);
  };

  test('equals keep the order in which they came', () => {
    const items = ['anna', 'ben', 'carla'].map((name) => item(name, 5));
    expect(drained(items)).toEqual(items);
  });

  test('who offers more goes first', () => {
    const [cheap, dear] = [item('anna', 0), item('ben', 100, 5000n)];
    expect(drained([cheap, dear])).toEqual([dear, cheap]);
  });

  test('a flood of one client does not keep another waiting', () => {
    const flood = Array.from({ length: 50 }, () => item('anna', 0));
    const single = item('ben', 100);
    expect(drained([...flood, single]).indexOf(single)).toBe(1);
  });

  test('a cheap request is overtaken only by those that come within the bonus and its own turns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ client, afterMs: fc.nat(20_000), tipLamports: tip }), { maxLength: 60 }),
        (requests) => {
          let now = 0;
          const items = requests.map(({ client: of, afterMs, tipLamports }) => {
            now += afterMs;
            return item(of, now, tipLamports);
          });
          const order = drained(items);
          for (const each of items) {
            const own = items.filter((other) => other.client === each.client && other.id < each.id).length;
            const patienceMs = mostBonusMs + own * turnMs;
            for (const other of order.slice(0, order.indexOf(each)))
              expect(other.queuedAt - each.queuedAt).toBeLessThanOrEqual(patienceMs);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
