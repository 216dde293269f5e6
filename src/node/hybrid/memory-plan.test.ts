import { expect, test } from 'vitest';
import type { Memory } from '../inference/pool-policy.ts';
import { excessOf, type Held, type MemoryOwner, type MemoryPlan, place } from './memory-plan.ts';

const held = (id: string, owner: MemoryOwner, { ramBytes, gpuBytes }: Memory): Held => ({
  ...{ id, owner, name: id, ramBytes, gpuBytes },
  since: 0,
});
const gb = 1e9;
const plan: MemoryPlan = {
  ceiling: { ramBytes: 8 * gb, gpuBytes: 4 * gb },
  allowance: {
    inference: { ramBytes: 8 * gb, gpuBytes: 4 * gb },
    training: { ramBytes: 4 * gb, gpuBytes: 4 * gb },
  },
  held: [
    held('old model', 'model', { ramBytes: 3 * gb, gpuBytes: 2 * gb }),
    held('answers', 'cache', { ramBytes: gb, gpuBytes: 0 }),
    held('new model', 'model', { ramBytes: 2 * gb, gpuBytes: 0 }),
    held('digits', 'training', { ramBytes: 2 * gb, gpuBytes: gb }),
  ],
};

test.each([
  ['a little more of main memory', { ramBytes: gb, gpuBytes: 0 }, 'model', ['answers']],
  // The cache alone is too little, and with the model it is not needed.
  ['as much as a model takes', { ramBytes: 3 * gb, gpuBytes: 0 }, 'model', ['old model']],
  [
    'GPU memory: what is in main memory alone does not help',
    { ramBytes: 0, gpuBytes: 2 * gb },
    'model',
    ['old model'],
  ],
  ['more than a kind may have', { ramBytes: 5 * gb, gpuBytes: 0 }, 'training', []],
  [
    'training while another task trains',
    { ramBytes: 3 * gb, gpuBytes: 0 },
    'training',
    ['answers', 'digits'],
  ],
] as const)('for %s, it is said what would have to go', (_, size, owner, names) => {
  const placed = place(plan, held('wanted', owner, size));
  expect(placed.isPlaced ? null : placed.wouldGo.map(({ name }) => name)).toEqual(names);
});

test('a kind whose turn it is not is told what has the machine', () => {
  const none = { ramBytes: 0, gpuBytes: 0 };
  const turn = { ...plan, allowance: { ...plan.allowance, inference: none }, held: plan.held.slice(3) };
  const goes = (ramBytes: number) => {
    const placed = place(turn, held('wanted', 'model', { ramBytes, gpuBytes: 0 }));
    return placed.isPlaced ? null : placed.wouldGo.map(({ name }) => name);
  };
  expect(goes(gb)).toEqual(['digits']);
  expect(goes(9 * gb)).toEqual([]);
});

test('when the ceiling comes down, caches go first and the round last', () => {
  const lower = (ramBytes: number) => excessOf({ ...plan, ceiling: { ramBytes, gpuBytes: 4 * gb } });
  expect(lower(8 * gb)).toEqual([]);
  expect(lower(7 * gb).map(({ name }) => name)).toEqual(['answers']);
  expect(lower(2 * gb).map(({ name }) => name)).toEqual(['answers', 'old model', 'new model']);
  expect(lower(0)).toHaveLength(4);
});
