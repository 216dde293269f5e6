import { createHash } from 'node:crypto';

/**
 * Numbers in [0, 1) with 24 bits, the same for a seed on every machine: xoshiro128** (Blackman, Vigna 2018), started by the seed's
 * SHA-256. Not for secrets.
 */
export function seededRandom(seed: string): () => number {
  const start = createHash('sha256').update(seed).digest();
  let a = start.readUInt32LE(0);
  let b = start.readUInt32LE(4);
  let c = start.readUInt32LE(8);
  let d = start.readUInt32LE(12);
  return () => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return (result >>> 8) / 0x100_0000;
  };
}

/** The numbers 0 to count − 1 in an order that the seed alone decides (Fisher, Yates). */
export function shuffled(count: number, seed: string): Int32Array {
  const random = seededRandom(seed);
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const moved = order[last] as number;
    order[last] = order[other] as number;
    order[other] = moved;
  }
  return order;
}
