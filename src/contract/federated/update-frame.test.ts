import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { UpdateHead } from './rounds.ts';
import { createUpdateKey, decodeUpdate, encodeUpdate, openUpdate, sealUpdate } from './update-frame.ts';

const binding = { roundId: 'r1', nodeKey: 'NodeKey1', modelSha256: 'a'.repeat(64) };
const head: UpdateHead = {
  round_id: 'r1',
  model_sha256: binding.modelSha256,
  length: 3,
  control: false,
  examples: 7,
  duration_ms: 12,
  steps: 5,
};

test('an update is the same after its way, whatever its values', () => {
  fc.assert(
    fc.property(fc.float32Array({ minLength: 1, maxLength: 50 }), fc.boolean(), (delta, control) => {
      const key = createUpdateKey();
      const vectors = control ? [delta, delta.map((value) => -value)] : [delta];
      const frame = encodeUpdate({ ...head, length: delta.length, control }, vectors);
      const opened = openUpdate(sealUpdate(frame, key.publicKey, binding), key.privateKey, binding);
      const decoded = decodeUpdate(opened);
      expect(decoded.head).toEqual({ ...head, length: delta.length, control });
      expect(decoded.vectors.map((bytes) => new Float32Array(bytes))).toEqual(vectors);
    }),
    { numRuns: 50 },
  );
});

test('opens for its own round, node, model and key alone', () => {
  const key = createUpdateKey();
  const sealed = sealUpdate(encodeUpdate(head, [new Float32Array(3)]), key.publicKey, binding);
  for (const change of [{ roundId: 'r2' }, { nodeKey: 'Other' }, { modelSha256: 'b'.repeat(64) }])
    expect(() => openUpdate(sealed, key.privateKey, { ...binding, ...change })).toThrow(
      'not sealed for this',
    );
  expect(() => openUpdate(sealed, createUpdateKey().privateKey, binding)).toThrow('not sealed for this');
});

test('any changed or missing byte is noticed', () => {
  const key = createUpdateKey();
  const sealed = sealUpdate(encodeUpdate(head, [new Float32Array(3)]), key.publicKey, binding);
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = new Uint8Array(sealed);
      changed[at] = (changed[at] ?? 0) ^ flip;
      expect(() => openUpdate(changed, key.privateKey, binding)).toThrow('not sealed for this');
      expect(() => openUpdate(sealed.subarray(0, at), key.privateKey, binding)).toThrow(
        'not sealed for this',
      );
    }),
    { numRuns: 100 },
  );
});

test('values are not readable on the way, and the same update looks different each time', () => {
  const key = createUpdateKey();
  const frame = encodeUpdate(head, [new Float32Array([1, 2, 3])]);
  const sealed = Buffer.from(sealUpdate(frame, key.publicKey, binding));
  expect(sealed.includes(Buffer.from(frame).subarray(-12))).toBe(false);
  expect(sealed.equals(sealUpdate(frame, key.publicKey, binding))).toBe(false);
});

test('a frame that does not hold what its head says is refused', () => {
  const frame = encodeUpdate(head, [new Float32Array(3)]);
  expect(() => decodeUpdate(frame.subarray(0, frame.length - 1))).toThrow('11 bytes of values');
  expect(() => decodeUpdate(encodeUpdate({ ...head, control: true }, [new Float32Array(3)]))).toThrow(
    '2 × 3 values',
  );
  expect(() => decodeUpdate(frame.subarray(0, 3))).toThrow('no head');
  expect(() => decodeUpdate(new Uint8Array([255, 255, 255, 255, 1]))).toThrow('no head');
  expect(() => decodeUpdate(encodeUpdate({ ...head, steps: -1 }, [new Float32Array(3)]))).toThrow('steps');
});
