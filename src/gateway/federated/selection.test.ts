import fc from 'fast-check';
import { expect, test } from 'vitest';
import { roundSize, selectNodes } from './selection.ts';

const names = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    nodeKey: `n${index}`,
    examples: 1,
    threads: 1,
    passedOver: 0,
  }));

test('a round takes the fraction, at least the minimum, at most the maximum', () => {
  const bounds = { min: 3, max: 20, fraction: 0.5 };
  expect([2, 3, 5, 7, 10, 100].map((there) => roundSize(there, bounds))).toEqual([0, 3, 3, 4, 5, 20]);
});

test('the same seed selects the same nodes, in whatever order they came; each is there and none twice', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(30), fc.string(), (there, count, seed) => {
      const candidates = names(there);
      const chosen = selectNodes(candidates, count, seed);
      expect(selectNodes([...candidates].reverse(), count, seed)).toEqual(chosen);
      expect(new Set(chosen).size).toBe(Math.min(there, count));
      expect(chosen).toEqual([...chosen].sort());
    }),
  );
});

test('over many rounds each node gets its turn, and none waits for long', () => {
  const candidates = names(10);
  const turns = new Map<string, number>();
  let longest = 0;
  for (let round = 0; round < 500; round++) {
    const chosen = selectNodes(candidates, 3, `round-${round}`);
    for (const node of candidates) {
      const isChosen = chosen.includes(node.nodeKey);
      node.passedOver = isChosen ? 0 : node.passedOver + 1;
      longest = Math.max(longest, node.passedOver);
      if (isChosen) turns.set(node.nodeKey, (turns.get(node.nodeKey) ?? 0) + 1);
    }
  }
  for (const count of turns.values()) expect(Math.abs(count - 150)).toBeLessThan(25);
  expect(longest).toBeLessThan(15);
});
