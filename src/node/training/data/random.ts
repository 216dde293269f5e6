import { createHash } from 'node:crypto';

/** Numbers in [0, 1) from a 32-bit seed (Mulberry32, Ettinger): for choices that must be repeatable, not for secrets. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed of 32 bits from a name. */
export const seedOf = (name: string): number => createHash('sha256').update(name).digest().readUInt32LE(0);
