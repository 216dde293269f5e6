import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { roundText } from './round-messages.ts';
import { nodeKeySchema, sha256HexSchema } from './round-parameters.ts';

/** `SLMV`, version 1, head's length (u32 LE), head as JSON padded with blanks to 4 bytes, then the vector as u32 LE. */
const magic = Buffer.from('SLMV\u0001\0\0\0', 'latin1');
const prefixBytes = magic.length + 4;
const mostHeadBytes = 1024;

const headSchema = z.strictObject({
  context: sha256HexSchema,
  node: nodeKeySchema,
  signature: z.string().min(64).max(90),
});

export interface MaskedVector {
  context: string;
  node: string;
  /** base58, over `vectorText`. */
  signature: string;
  /** A view of the frame where it lies on a multiple of 4 bytes, else a copy. */
  vector: Uint32Array;
}

// The bytes on the wire are a Uint32Array's own, without a turn of each word.
if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1)
  throw new Error('Masked vectors need a little-endian machine.');

/** What a node signs for its masked vector. */
export function vectorText(context: string, node: string, vector: Uint32Array): string {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return roundText('collect-masked-vectors', context, {
    node,
    length: vector.length,
    vector_sha256: createHash('sha256').update(bytes).digest('hex'),
  });
}

/** Masked vector as it travels: 4 bytes an entry and about 300 for the head. */
export function vectorFrame({ context, node, signature, vector }: MaskedVector): Uint8Array<ArrayBuffer> {
  const json = JSON.stringify({ context, node, signature });
  const head = Buffer.from(json.padEnd(Math.ceil(json.length / 4) * 4));
  const frame = new Uint8Array(prefixBytes + head.length + vector.byteLength);
  frame.set(magic);
  new DataView(frame.buffer).setUint32(magic.length, head.length, true);
  frame.set(head, prefixBytes);
  frame.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), prefixBytes + head.length);
  return frame;
}

/** Throws `training/round-malformed` for a frame that is none, is cut, or holds not exactly `length` entries. */
export function readVectorFrame(frame: Uint8Array, length: number): MaskedVector {
  const malformed = (sentence: string) => new AppError('training/round-malformed', sentence);
  if (frame.length < prefixBytes || !magic.equals(frame.subarray(0, magic.length)))
    throw malformed('Not a masked vector.');
  const headBytes = new DataView(frame.buffer, frame.byteOffset).getUint32(magic.length, true);
  if (headBytes > mostHeadBytes || headBytes % 4 !== 0)
    throw malformed(`A head of ${headBytes} bytes is not one.`);
  const bodyAt = prefixBytes + headBytes;
  if (frame.length !== bodyAt + 4 * length)
    throw malformed(
      `${frame.length} bytes are not those of ${length} entries behind ${bodyAt} bytes of head.`,
    );
  const head = headSchema.safeParse(headOf(frame.subarray(prefixBytes, bodyAt)));
  if (!head.success) throw malformed('The head of the masked vector is not valid.');
  const at = frame.byteOffset + bodyAt;
  const vector =
    at % 4 === 0
      ? new Uint32Array(frame.buffer, at, length)
      : new Uint32Array(frame.slice(bodyAt).buffer, 0, length);
  return { ...head.data, vector };
}

function headOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
