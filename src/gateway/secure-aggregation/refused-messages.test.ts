import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messageText } from '#contract/federated/round-messages.ts';
import { readVectorFrame, vectorFrame, vectorText } from '#contract/federated/vector-frame.ts';
import type { SigningKey } from '#node/link/ed25519.ts';
import { closed, deliveryTo, nodeKeys, openRounds, roundParameters } from '#testing/secure-rounds.ts';
import { createAggregation } from './aggregation.ts';

const allKeys = nodeKeys(9);

describe('messages that a server refuses, and goes on', () => {
  const keys = allKeys.slice(0, 4);
  const started = () => {
    const parameters = roundParameters(keys);
    return { parameters, server: createAggregation(parameters), rounds: openRounds(keys, parameters) };
  };
  const first = (rounds: ReturnType<typeof openRounds>) => rounds[0] as (typeof rounds)[number];

  test('twice the same, one of another round, of a stranger, with a false signature, and no message at all', () => {
    const { server, rounds } = started();
    const message = first(rounds).setup();
    server.receive(message);
    expect(() => server.receive(message)).toThrow(
      expect.objectContaining({ code: 'training/round-out-of-step' }),
    );
    const foreign = first(started().rounds).setup();
    expect(() => server.receive(foreign)).toThrow(
      expect.objectContaining({ code: 'training/round-untrusted' }),
    );
    const second = (rounds[1] as (typeof rounds)[number]).setup();
    const stranger = { ...second, node: allKeys[8]?.publicKey };
    expect(() => server.receive(stranger)).toThrow(
      expect.objectContaining({ code: 'training/round-untrusted' }),
    );
    expect(() => server.receive({ ...second, seedSha256: '11'.repeat(32) })).toThrow(
      expect.objectContaining({ code: 'auth/bad-signature' }),
    );
    for (const odd of [
      null,
      7,
      'x',
      {},
      { stage: 'setup' },
      { ...second, extra: 1 },
      { ...second, maskKey: 'AA' },
    ])
      expect(() => server.receive(odd)).toThrow(
        expect.objectContaining({ code: 'training/round-malformed' }),
      );
    server.receive(second);
    expect(server.missing()).toEqual(keys.slice(2).map(({ publicKey }) => publicKey));
  });

  test('a key of low order, and a key that is another node’s', () => {
    const { server, rounds } = started();
    server.receive(first(rounds).setup());
    const [, key] = keys as [SigningKey, SigningKey];
    const message = (rounds[1] as (typeof rounds)[number]).setup();
    const lowOrder = { ...message, maskKey: Buffer.alloc(32).toString('base64') };
    expect(() => server.receive({ ...lowOrder, signature: key.sign(messageText(lowOrder)) })).toThrow(
      /low order/,
    );
    const copied = { ...message, maskKey: message.cipherKey };
    expect(() => server.receive({ ...copied, signature: key.sign(messageText(copied)) })).toThrow(/the same/);
    server.receive(message);
  });

  test('a late vector, a cut one, one with a false head, and one too many', async () => {
    const { server, rounds, parameters } = started();
    for (const round of rounds) server.receive(round.setup());
    const { message } = await closed(server, 'setup');
    for (const round of rounds) server.receive(await round.shareKeys(message));
    const { messages } = await closed(server, 'share-keys');
    const frames = [];
    for (const [index, round] of rounds.entries())
      frames.push(await round.maskVector(deliveryTo(messages, keys[index]), new Uint32Array(17).fill(5)));
    const [frame, second, third, late] = frames as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    for (const cut of [0, 3, 11, 12, 200, frame.length - 4, frame.length - 1])
      expect(() => server.receive(frame.slice(0, cut))).toThrow(
        expect.objectContaining({ code: 'training/round-malformed' }),
      );
    expect(() => server.receive(new Uint8Array([...frame, 0, 0, 0, 0]))).toThrow(/bytes/);
    const flipped = Uint8Array.from(frame);
    flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;
    expect(() => server.receive(flipped)).toThrow(expect.objectContaining({ code: 'auth/bad-signature' }));
    // A frame may lie anywhere in a larger buffer.
    const shifted = new Uint8Array(frame.length + 3).subarray(3);
    shifted.set(frame);
    for (const one of [shifted, second, third]) server.receive(one);
    expect(() => server.receive(frame)).toThrow(
      expect.objectContaining({ code: 'training/round-out-of-step' }),
    );
    await server.closeStage();
    expect(() => server.receive(late)).toThrow(
      expect.objectContaining({ code: 'training/round-out-of-step' }),
    );
    expect(server.missing()).toEqual(parameters.participants.slice(0, 3));
  });

  test('any bytes at all are refused with a typed error', () => {
    const { server } = started();
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.jsonValue()), (message) => {
        expect(() => server.receive(message)).toThrow(
          expect.objectContaining({ code: 'training/round-malformed' }),
        );
      }),
    );
  });

  test('a frame survives its way there and back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 200 }),
        fc.integer({ min: 0, max: 3 }),
        (bytes, shift) => {
          const vector = Uint32Array.from(bytes, (byte) => byte * 16_777_259);
          const [key] = keys as [SigningKey];
          const context = 'cd'.repeat(32);
          const signature = key.sign(vectorText(context, key.publicKey, vector));
          const frame = vectorFrame({ context, node: key.publicKey, signature, vector });
          const moved = new Uint8Array(frame.length + shift).subarray(shift);
          moved.set(frame);
          expect(readVectorFrame(moved, vector.length)).toEqual({
            context,
            node: key.publicKey,
            signature,
            vector,
          });
        },
      ),
    );
  });
});
