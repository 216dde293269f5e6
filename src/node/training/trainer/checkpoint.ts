import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { canonicalJson } from '#contract/canonical-json.ts';
import type { TrainRequest } from '#contract/federated/trainer-messages.ts';
import { fileError } from '../data/file-error.ts';
import type { Score } from '../engine/gradients.ts';

/** Where local training stands, after an epoch or within one. */
export interface Checkpoint {
  epochsDone: number;
  /** Batches learnt in all. */
  steps: number;
  durationMs: number;
  loss: number;
  accuracy: number;
  /** Of an epoch that has begun: its batches that are learnt, and their score; null between epochs. */
  within: { batches: number; score: Score } | null;
  weights: Float32Array;
  /** The optimiser's numbers, slot by slot. */
  slots: Float32Array[];
}

const headerSchema = z.strictObject({
  key: z.string(),
  epochsDone: z.int(),
  steps: z.int(),
  durationMs: z.number(),
  loss: z.number(),
  accuracy: z.number(),
  within: z
    .strictObject({
      batches: z.int().min(0),
      score: z.strictObject({ loss: z.number(), hits: z.number(), counted: z.number() }),
    })
    .nullable()
    .default(null),
  size: z.int(),
  slots: z.int(),
});
const digestBytes = 32;

/** Names what is trained: a checkpoint goes on only with the very same request. */
export function checkpointKey(
  { task, training, seed, weights, controlVariates }: TrainRequest,
  count: number,
): string {
  const hash = createHash('sha256');
  hash.update(canonicalJson(JSON.parse(JSON.stringify({ task, training, seed, count }))));
  for (const numbers of [weights, controlVariates?.global, controlVariates?.own])
    if (numbers) hash.update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  return hash.digest('hex');
}

/** SHA-256 of the rest, length of the header (u32), header as JSON, then float32 numbers in this machine's order. Throws `disk/full`. */
export async function writeCheckpoint(path: string, key: string, checkpoint: Checkpoint): Promise<void> {
  const { weights, slots, ...state } = checkpoint;
  const header = Buffer.from(JSON.stringify({ key, ...state, size: weights.length, slots: slots.length }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const body = [length, header, ...[weights, ...slots].map(bytesOf)];
  const hash = createHash('sha256');
  for (const part of body) hash.update(part);
  await writeFileAtomic(path, Buffer.concat([hash.digest(), ...body])).catch((thrown) => {
    throw fileError(thrown, path);
  });
}

/** Null where there is none, where it is damaged, or where it is of another request. */
export function readCheckpoint(path: string, key: string): Checkpoint | null {
  try {
    const bytes = readFileSync(path);
    const body = bytes.subarray(digestBytes);
    if (!createHash('sha256').update(body).digest().equals(bytes.subarray(0, digestBytes))) return null;
    const start = 4 + body.readUInt32LE(0);
    const header = headerSchema.parse(JSON.parse(body.subarray(4, start).toString()));
    if (header.key !== key) return null;
    const { key: _, size, slots, ...state } = header;
    const numbers = (slot: number) => {
      const from = start + 4 * size * slot;
      return new Float32Array(Uint8Array.from(body.subarray(from, from + 4 * size)).buffer);
    };
    return {
      ...state,
      weights: numbers(0),
      slots: Array.from({ length: slots }, (_, slot) => numbers(slot + 1)),
    };
  } catch {
    return null;
  }
}

const bytesOf = (numbers: Float32Array): Buffer =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
