import { createCipheriv } from 'node:crypto';

export interface Mask {
  /** 32 bytes, all of them the key of the generator. */
  seed: Uint8Array;
  sign: 1 | -1;
}

/** A piece that stays in the processor's nearest caches while keystream and sum pass through it. */
const chunkWords = 16_384;
const zeros = Buffer.alloc(4 * chunkWords);
const counter = Buffer.alloc(16);
const together = 4;

/**
 * Adds masks to a vector modulo 2³², in place, or takes them away. A mask is the AES-256-CTR keystream of its seed as u32 LE. Lets the
 * event loop run between groups of four; when `signal` aborts the vector is left half masked and must be thrown away.
 */
export async function applyMasks(
  vector: Uint32Array,
  masks: readonly Mask[],
  signal?: AbortSignal,
): Promise<void> {
  for (const sign of [1, -1] as const) {
    const seeds = masks.filter((mask) => mask.sign === sign).map(({ seed }) => seed);
    for (let start = 0; start < seeds.length; start += together) {
      signal?.throwIfAborted();
      applyKeystreams(vector, seeds.slice(start, start + together), sign);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function applyKeystreams(vector: Uint32Array, seeds: Uint8Array[], sign: 1 | -1): void {
  const streams = seeds.map((seed) => createCipheriv('aes-256-ctr', seed, counter));
  const words = new Int32Array(vector.buffer, vector.byteOffset, vector.length);
  const piece = (index: number): Int32Array => {
    const bytes = streams[index]?.update(zeros);
    return bytes ? new Int32Array(bytes.buffer, bytes.byteOffset, chunkWords) : new Int32Array(0);
  };
  for (let start = 0; start < words.length; start += chunkWords) {
    const into = words.subarray(start, start + chunkWords);
    if (streams.length === together) {
      const [a, b, c, d] = [piece(0), piece(1), piece(2), piece(3)];
      if (sign === 1) addFour(into, a, b, c, d);
      else subtractFour(into, a, b, c, d);
    } else
      for (let index = 0; index < streams.length; index += 1) {
        const mask = piece(index);
        if (sign === 1)
          for (let at = 0; at < into.length; at += 1)
            into[at] = ((into[at] as number) + (mask[at] as number)) | 0;
        else
          for (let at = 0; at < into.length; at += 1)
            into[at] = ((into[at] as number) - (mask[at] as number)) | 0;
      }
  }
}

// Four at once: the sum is read and written once for four keystreams. Whole numbers below 2⁵³ keep `| 0` exact.
function addFour(into: Int32Array, a: Int32Array, b: Int32Array, c: Int32Array, d: Int32Array): void {
  for (let at = 0; at < into.length; at += 1)
    into[at] =
      ((into[at] as number) + (a[at] as number) + (b[at] as number) + (c[at] as number) + (d[at] as number)) |
      0;
}

function subtractFour(into: Int32Array, a: Int32Array, b: Int32Array, c: Int32Array, d: Int32Array): void {
  for (let at = 0; at < into.length; at += 1)
    into[at] =
      ((into[at] as number) - (a[at] as number) - (b[at] as number) - (c[at] as number) - (d[at] as number)) |
      0;
}

/** Adds a vector to a sum modulo 2³², in place. */
export function addVector(sum: Uint32Array, vector: Uint32Array): void {
  for (let at = 0; at < sum.length; at += 1) sum[at] = (sum[at] as number) + (vector[at] as number);
}
