import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Memory } from '../inference/pool-policy.ts';
import {
  excessOf,
  type Held,
  kindOf,
  type MemoryOwner,
  type MemoryPlan,
  place,
  release,
  resize,
  sumOf,
} from './memory-plan.ts';

const owners: MemoryOwner[] = ['model', 'kv-cache', 'training', 'cache'];
const memory = (most: number): fc.Arbitrary<Memory> =>
  fc.record({ ramBytes: fc.nat(most), gpuBytes: fc.nat(most) });
const action = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('place'), fc.constantFrom(...owners), memory(40)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('release'), fc.nat(9), memory(40)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('resize'), fc.nat(9), memory(60)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('ceiling'), fc.nat(9), memory(150)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('allowance'), fc.nat(1), memory(150)) },
);

const held = (id: string, owner: MemoryOwner, { ramBytes, gpuBytes }: Memory): Held => ({
  ...{ id, owner, name: id, ramBytes, gpuBytes },
  since: 0,
});
const within = (part: Memory, whole: Memory) =>
  part.ramBytes <= whole.ramBytes && part.gpuBytes <= whole.gpuBytes;
const isWithin = ({ ceiling, allowance, held: all }: MemoryPlan) =>
  within(sumOf(all), ceiling) &&
  (['inference', 'training'] as const).every((kind) =>
    within(sumOf(all.filter(({ owner }) => kindOf(owner) === kind)), allowance[kind]),
  );

test('whatever is asked in whatever order, nothing is ever given above the ceiling or a kind’s allowance', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), memory(150), (actions, ceiling) => {
      let plan: MemoryPlan = { ceiling, allowance: { inference: ceiling, training: ceiling }, held: [] };
      actions.forEach(([what, which, size], index) => {
        const before = plan;
        const wasWithin = isWithin(plan);
        const target = plan.held[Number(which) % Math.max(1, plan.held.length)];
        if (what === 'place') {
          const placed = place(plan, held(`${index}`, which as MemoryOwner, size));
          if (placed.isPlaced) {
            plan = placed.plan;
            expect(isWithin(plan) || !wasWithin).toBe(true);
            const kind = kindOf(which as MemoryOwner);
            const own = sumOf(plan.held.filter(({ owner }) => kindOf(owner) === kind));
            // Also where a limit came down below what was held, nothing is added to what is over it.
            for (const of of ['ramBytes', 'gpuBytes'] as const)
              if (size[of] > 0) {
                expect(sumOf(plan.held)[of]).toBeLessThanOrEqual(plan.ceiling[of]);
                expect(own[of]).toBeLessThanOrEqual(plan.allowance[kind][of]);
              }
          } else {
            const left = placed.wouldGo.reduce((next, { id }) => release(next, id), plan);
            const kind = kindOf(which as MemoryOwner);
            const { ramBytes, gpuBytes } = left.allowance[kind];
            // A kind that may have nothing is told what stands in the way of its turn.
            const isTurn = ramBytes > 0 || gpuBytes > 0;
            const then = { ...left, allowance: { ...left.allowance, [kind]: left.ceiling } };
            if (placed.wouldGo.length > 0)
              expect(place(isTurn ? left : then, held('again', which as MemoryOwner, size)).isPlaced).toBe(
                true,
              );
          }
        } else if (what === 'resize' && target) {
          const resized = resize(plan, target.id, size);
          if (resized.isPlaced) plan = resized.plan;
          if (wasWithin) expect(isWithin(plan)).toBe(true);
        } else if (what === 'release' && target) plan = release(plan, target.id);
        else if (what === 'ceiling') plan = { ...plan, ceiling: size };
        else if (what === 'allowance')
          plan = {
            ...plan,
            allowance: { ...plan.allowance, [which === 0 ? 'inference' : 'training']: size },
          };
        const gone = excessOf(plan).reduce((next, { id }) => release(next, id), plan);
        expect(isWithin(gone)).toBe(true);
        if (isWithin(plan)) expect(excessOf(plan)).toEqual([]);
        expect(before.held.length).toBeGreaterThanOrEqual(plan.held.length - 1);
      });
    }),
    { numRuns: 10_000 },
  );
});
