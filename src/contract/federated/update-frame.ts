import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { AppError } from '../errors.ts';
import { type UpdateHead, updateHeadSchema } from './rounds.ts';

const keyBytes = 32;
const tagBytes = 16;
const ivBytes = 12;
const mostHeadBytes = 4096;
const purpose = 'solanalm-training-update-v1';

/** What an update is bound to: one that is sealed for another round, node or model does not open. */
export interface UpdateBinding {
  roundId: string;
  /** base58. */
  nodeKey: string;
  modelSha256: string;
}

/** Bytes of a sealed update around its vectors, at most. */
export const mostUpdateOverheadBytes = keyBytes + tagBytes + 4 + mostHeadBytes;

/** A round's key pair: `publicKey` is the offer's `update_key` (X25519, raw, base64). */
export function createUpdateKey(): { publicKey: string; privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return { publicKey: rawOf(publicKey).toString('base64'), privateKey };
}

/**
 * Frame: u32 LE length of the head's JSON, the head, then its vectors (`length` values of 4 bytes, little-endian; twice as many with
 * `control`). Float32 where the update is plain; where it is masked the one vector is its frame (`vectorFrame`), whose length is a
 * multiple of 4.
 */
export function encodeUpdate(
  head: UpdateHead,
  vectors: readonly (Float32Array | Uint32Array | Uint8Array)[],
): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const size = 4 + json.length + vectors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const frame = new Uint8Array(size);
  new DataView(frame.buffer).setUint32(0, json.length, true);
  frame.set(json, 4);
  let offset = 4 + json.length;
  for (const vector of vectors) {
    frame.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), offset);
    offset += vector.byteLength;
  }
  return frame;
}

/** The head and the bytes of each vector, aligned for a typed array. Throws `training/bad-update`. */
export function decodeUpdate(frame: Uint8Array): { head: UpdateHead; vectors: ArrayBuffer[] } {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const headBytes = frame.length < 4 ? 0 : view.getUint32(0, true);
  if (headBytes === 0 || headBytes > mostHeadBytes || 4 + headBytes > frame.length)
    throw bad('The update has no head.');
  const head = updateHeadSchema.safeParse(json(frame.subarray(4, 4 + headBytes)));
  if (!head.success) {
    const issue = head.error.issues[0];
    throw bad(`The update’s head is not right: ${issue?.path.join('.') || 'head'}: ${issue?.message}`);
  }
  const { length, control } = head.data;
  const count = control ? 2 : 1;
  const has = frame.length - 4 - headBytes;
  if (has !== count * length * 4)
    throw bad(`The update has ${has} bytes of values, its head says ${count} × ${length} values.`);
  const vectors = Array.from({ length: count }, (_, index) => {
    const start = 4 + headBytes + index * length * 4;
    return new Uint8Array(frame.subarray(start, start + length * 4)).buffer;
  });
  return { head: head.data, vectors };
}

/**
 * Seals a frame to a round's key: ephemeral X25519 (RFC 7748) → HKDF-SHA256 (RFC 5869) → AES-256-GCM, as ephemeral key (32) ‖
 * ciphertext ‖ tag (16). Key and IV serve once, since the ephemeral key is new each time; seal once and send that again.
 */
export function sealUpdate(frame: Uint8Array, updateKey: string, binding: UpdateBinding): Uint8Array {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const recipient = Buffer.from(updateKey, 'base64');
  const ephemeral = rawOf(publicKey);
  const { key, iv } = secretsOf(
    diffieHellman({ privateKey, publicKey: fromRaw(recipient) }),
    ephemeral,
    recipient,
  );
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(boundText(binding));
  const sealed = Buffer.concat([ephemeral, cipher.update(frame), cipher.final()]);
  return Buffer.concat([sealed, cipher.getAuthTag()]);
}

/** Inverse of `sealUpdate`. Throws `training/bad-update` when it was sealed for anything else, or changed on its way. */
export function openUpdate(sealed: Uint8Array, privateKey: KeyObject, binding: UpdateBinding): Uint8Array {
  try {
    const ephemeral = Buffer.from(sealed.subarray(0, keyBytes));
    const secret = diffieHellman({ privateKey, publicKey: fromRaw(ephemeral) });
    const { key, iv } = secretsOf(secret, ephemeral, rawOf(createPublicKey(privateKey)));
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
    decipher.setAAD(boundText(binding));
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    return Buffer.concat([
      decipher.update(sealed.subarray(keyBytes, sealed.length - tagBytes)),
      decipher.final(),
    ]);
  } catch (cause) {
    throw new AppError('training/bad-update', 'The update is not sealed for this round, node and model.', {
      cause,
    });
  }
}

function secretsOf(secret: Buffer, ephemeral: Buffer, recipient: Buffer): { key: Buffer; iv: Buffer } {
  const salt = Buffer.concat([ephemeral, recipient]);
  const bytes = Buffer.from(hkdfSync('sha256', secret, salt, purpose, keyBytes + ivBytes));
  return { key: bytes.subarray(0, keyBytes), iv: bytes.subarray(keyBytes) };
}

const boundText = ({ roundId, nodeKey, modelSha256 }: UpdateBinding) =>
  Buffer.from([purpose, roundId, nodeKey, modelSha256].join('\n'));

const rawOf = (key: KeyObject) => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');

const fromRaw = (raw: Buffer) =>
  createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') }, format: 'jwk' });

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

const bad = (message: string) => new AppError('training/bad-update', message);
