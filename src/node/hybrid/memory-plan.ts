import type { Reservation } from '#contract/hybrid.ts';
import type { Memory } from '../inference/pool-policy.ts';

export type MemoryOwner = Reservation['owner'];
/** Whose allowance a reservation counts against. */
export type WorkKind = 'inference' | 'training';

/** Memory that is spoken for, in bytes. */
export interface Held extends Memory {
  id: string;
  owner: MemoryOwner;
  name: string;
  /** Unix ms. */
  since: number;
}

/** What all of the node's work, and each kind of it, may take; and what is spoken for, oldest first. */
export interface MemoryPlan {
  ceiling: Memory;
  allowance: Record<WorkKind, Memory>;
  held: readonly Held[];
}

export type Placed =
  | { isPlaced: true; plan: MemoryPlan }
  /** `wouldGo`: what would have to be let go for it, in this order; empty where letting go of all would not do. */
  | { isPlaced: false; room: Memory; wouldGo: Held[] };

/** Caches cost least to lose, then models, the longest held first; a round that is being trained goes last. */
const order: readonly MemoryOwner[] = ['cache', 'kv-cache', 'model', 'training'];

export const kindOf = (owner: MemoryOwner): WorkKind => (owner === 'training' ? 'training' : 'inference');

export function sumOf(parts: readonly Memory[]): Memory {
  return {
    ramBytes: parts.reduce((sum, { ramBytes }) => sum + ramBytes, 0),
    gpuBytes: parts.reduce((sum, { gpuBytes }) => sum + gpuBytes, 0),
  };
}

/** What could still be reserved for an owner, below the ceiling and its kind's allowance. */
export function roomFor({ ceiling, allowance, held }: MemoryPlan, owner: MemoryOwner): Memory {
  const kind = kindOf(owner);
  const all = sumOf(held);
  const own = sumOf(held.filter((one) => kindOf(one.owner) === kind));
  const left = (which: keyof Memory) =>
    Math.max(0, Math.min(ceiling[which] - all[which], allowance[kind][which] - own[which]));
  return { ramBytes: left('ramBytes'), gpuBytes: left('gpuBytes') };
}

/** Adds a reservation where there is room for it. */
export function place(plan: MemoryPlan, wanted: Held): Placed {
  const room = roomFor(plan, wanted.owner);
  if (fits(wanted, room)) return { isPlaced: true, plan: { ...plan, held: [...plan.held, wanted] } };
  return { isPlaced: false, room, wouldGo: wouldGo(plan, wanted) };
}

/** Changes what a reservation takes; more only where there is room. */
export function resize(plan: MemoryPlan, id: string, memory: Memory): Placed {
  const before = plan.held.find((one) => one.id === id);
  if (!before) return { isPlaced: false, room: { ramBytes: 0, gpuBytes: 0 }, wouldGo: [] };
  const after = { ...before, ...memory };
  const isLess = memory.ramBytes <= before.ramBytes && memory.gpuBytes <= before.gpuBytes;
  const held = plan.held.map((one) => (one.id === id ? after : one));
  if (isLess) return { isPlaced: true, plan: { ...plan, held } };
  const placed = place(release(plan, id), after);
  return placed.isPlaced ? { isPlaced: true, plan: { ...plan, held } } : placed;
}

export function release(plan: MemoryPlan, id: string): MemoryPlan {
  return { ...plan, held: plan.held.filter((one) => one.id !== id) };
}

/** What has to go after the ceiling or an allowance has come down, in this order; empty while all is within them. */
export function excessOf(plan: MemoryPlan): Held[] {
  return letGo(plan, (left) => isWithin(left));
}

function wouldGo(given: MemoryPlan, wanted: Held): Held[] {
  const kind = kindOf(wanted.owner);
  const { ramBytes, gpuBytes } = given.allowance[kind];
  // A kind that may have nothing waits for its turn: all that the other one holds is in its way.
  const isOthersTurn = ramBytes === 0 && gpuBytes === 0;
  if (isOthersTurn) {
    const [others, own] = [false, true].map((isOwn) =>
      given.held.filter(({ owner }) => (kindOf(owner) === kind) === isOwn),
    ) as [Held[], Held[]];
    const turn = { ...given, allowance: { ...given.allowance, [kind]: given.ceiling }, held: own };
    return fits(wanted, roomFor(turn, wanted.owner)) ? others : [];
  }
  return leastToGo(given, wanted);
}

function leastToGo(plan: MemoryPlan, wanted: Held): Held[] {
  const goes = letGo(plan, (left) => fits(wanted, roomFor(left, wanted.owner)));
  const rest = goes.reduce((left, { id }) => release(left, id), plan);
  return fits(wanted, roomFor(rest, wanted.owner)) ? goes : [];
}

/** Lets go of one after the other until `isEnough`; what it turns out not to need stays, what costs most to lose first. */
function letGo(plan: MemoryPlan, isEnough: (left: MemoryPlan) => boolean): Held[] {
  let left = plan;
  const gone: Held[] = [];
  for (const owner of order)
    for (const one of plan.held.filter((held) => held.owner === owner)) {
      if (isEnough(left)) break;
      left = release(left, one.id);
      gone.push(one);
    }
  if (!isEnough(left)) return gone;
  const stays = new Set<Held>();
  for (const one of gone.toReversed()) {
    const withIt = { ...left, held: [...left.held, one] };
    if (!isEnough(withIt)) continue;
    left = withIt;
    stays.add(one);
  }
  return gone.filter((one) => !stays.has(one));
}

function isWithin({ ceiling, allowance, held }: MemoryPlan): boolean {
  const kinds: WorkKind[] = ['inference', 'training'];
  return (
    fits(sumOf(held), ceiling) &&
    kinds.every((kind) => fits(sumOf(held.filter((one) => kindOf(one.owner) === kind)), allowance[kind]))
  );
}

const fits = (needs: Memory, room: Memory): boolean =>
  needs.ramBytes <= room.ramBytes && needs.gpuBytes <= room.gpuBytes;
