import { createCipheriv, randomBytes } from 'node:crypto';

/** Whole chunks of random words from a cryptographic generator. */
export interface Keystream {
  /** `keystreamWords` fresh words; the array is the caller's. */
  next(): Uint32Array;
}

export const keystreamWords = 16_384;
const zeros = Buffer.alloc(4 * keystreamWords);

/** AES-256 in counter mode under a key that nobody knows; only tests give a seed of 32 bytes. */
export function createKeystream(seed: Uint8Array = randomBytes(32)): Keystream {
  const cipher = createCipheriv('aes-256-ctr', seed, Buffer.alloc(16));
  return {
    next() {
      const bytes = cipher.update(zeros);
      return new Uint32Array(bytes.buffer, bytes.byteOffset, keystreamWords);
    },
  };
}
