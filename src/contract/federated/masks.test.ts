import { createCipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addVector, applyMasks } from './masks.ts';

const seeds = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 9 });
/** Around the edges of the pieces that masks are made in. */
const lengths = fc.constantFrom(1, 5, 16_383, 16_384, 16_385, 40_000);

test('masks that are added and taken away again leave the vector as it was, in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, lengths, async (list, length) => {
      const plain = new Uint32Array(length).map((_, at) => at * 2_654_435_761);
      const vector = Uint32Array.from(plain);
      await applyMasks(
        vector,
        list.map((seed) => ({ seed, sign: 1 as const })),
      );
      expect(vector).not.toEqual(plain);
      for (const seed of [...list].reverse()) await applyMasks(vector, [{ seed, sign: -1 }]);
      expect(vector).toEqual(plain);
    }),
    { numRuns: 25 },
  );
});

test('a mask is the AES-256-CTR keystream of the whole seed, counted from zero, as little-endian words', async () => {
  const seed = randomBytes(32);
  for (const length of [3, 50_000]) {
    const vector = new Uint32Array(length);
    await applyMasks(vector, [{ seed, sign: 1 }]);
    const bytes = createCipheriv('aes-256-ctr', seed, Buffer.alloc(16)).update(Buffer.alloc(4 * length));
    for (const at of [0, 1, length - 1]) expect(vector[at]).toBe(bytes.readUInt32LE(4 * at));
  }
  for (let byte = 0; byte < 32; byte += 1) {
    const other = Uint8Array.from(seed);
    other[byte] = (other[byte] as number) ^ 0x80;
    const difference = new Uint32Array(4);
    await applyMasks(difference, [
      { seed, sign: 1 },
      { seed: other, sign: -1 },
    ]);
    expect(difference.every((word) => word === 0)).toBe(false);
  }
});

test('sums are taken modulo 2³²', () => {
  const sum = Uint32Array.of(2 ** 32 - 1, 5);
  addVector(sum, Uint32Array.of(2, 2 ** 32 - 5));
  expect([...sum]).toEqual([1, 0]);
});
