import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agreementKey, pairMask } from '#contract/federated/key-agreement.ts';
import { applyMasks } from '#contract/federated/masks.ts';
import { dequantisedMean, quantise } from '#contract/federated/quantisation.ts';
import { messageText, type UnmaskAnswer } from '#contract/federated/round-messages.ts';
import type { RoundParameters } from '#contract/federated/round-parameters.ts';
import { combineShares } from '#contract/federated/secret-sharing.ts';
import { readVectorFrame, vectorFrame, vectorText } from '#contract/federated/vector-frame.ts';
import type { SigningKey } from '#node/link/ed25519.ts';
import {
  closed,
  deliveryTo,
  nodeKeys,
  openRounds,
  roundParameters,
  runRound,
  type Transcript,
} from '#testing/secure-rounds.ts';
import { createAggregation } from './aggregation.ts';

const allKeys = nodeKeys(9);
const words = (length: number) => new Uint32Array(new Uint8Array(randomBytes(4 * length)).buffer);
const stepsUpTo = (range: number, length: number) => words(length).map((word) => word % (range + 1));

/** Vectors as `quantise` makes them: entries within the range, a weight of at least one step. */
const quantisedVectors = (keys: readonly unknown[], { vector_length, quantisation_range }: RoundParameters) =>
  keys.map(() => {
    const vector = stepsUpTo(quantisation_range, vector_length + 1);
    vector[vector_length] = 1 + ((vector[vector_length] as number) % quantisation_range);
    return vector;
  });

function sumOf(vectors: readonly Uint32Array[]): Uint32Array {
  const [first = new Uint32Array()] = vectors;
  // A Uint32Array takes its entries modulo 2³².
  return first.map((_, at) => vectors.reduce((sum, vector) => sum + (vector[at] as number), 0));
}

/** Chi-squared of the four bytes of each word over 256 bins; mean 255, standard deviation 22.6. */
function chiSquared(vector: Uint32Array): number {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] as number) + 1;
  const expected = bytes.length / 256;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
/** Eight standard deviations: a uniform vector passes it once in far more than a billion runs. */
const uniformBelow = 255 + 8 * 22.6;

const scenario = fc
  .record({ count: fc.integer({ min: 3, max: 9 }), length: fc.integer({ min: 1, max: 40 }) })
  .chain(({ count, length }) =>
    fc.record({
      count: fc.constant(count),
      length: fc.constant(length),
      threshold: fc.integer({ min: Math.max(2, Math.floor(count / 2) + 1), max: count }),
      answered: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: count, maxLength: count }),
    }),
  );

describe('a round whose nodes come and go', () => {
  test('gives the sum of the plain vectors of those who sent one, or a typed error when too few are left', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ count, length, threshold, answered }) => {
        const keys = allKeys.slice(0, count);
        const parameters = roundParameters(keys, { vector_length: length, threshold });
        const vectors = quantisedVectors(keys, parameters);
        const left = [1, 2, 3, 4, 5].map((stage) => answered.filter((stages) => stages >= stage).length);
        const run = runRound(keys, parameters, vectors, answered);
        if (left.some((nodes) => nodes < threshold)) {
          await expect(run).rejects.toMatchObject({ code: 'training/round-too-few' });
          return;
        }
        const { result } = await run;
        const contributing = vectors.filter((_, index) => (answered[index] as number) >= 3);
        const plain = dequantisedMean(sumOf(contributing), contributing.length, parameters);
        expect(result?.mean).toEqual(plain.mean);
        expect(result?.totalWeight).toBe(plain.totalWeight);
        expect(result?.contributors).toEqual(
          parameters.participants.filter((_, index) => (answered[index] as number) >= 3),
        );
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('always above the threshold: every pattern of dropouts still gives the plain sum', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 5, max: 9 }),
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 2 }),
        async (count, leavers) => {
          const keys = allKeys.slice(0, count);
          const parameters = roundParameters(keys, { threshold: Math.max(3, Math.floor(count / 2) + 1) });
          const most = leavers.slice(0, count - parameters.threshold);
          const answered = keys.map((_, index) => most[index] ?? 5);
          const vectors = quantisedVectors(keys, parameters);
          const { result } = await runRound(keys, parameters, vectors, answered);
          const contributing = vectors.filter((_, index) => (answered[index] as number) >= 3);
          expect(result?.mean).toEqual(
            dequantisedMean(sumOf(contributing), contributing.length, parameters).mean,
          );
        },
      ),
      { numRuns: 30 },
    );
  }, 60_000);

  test('gives the weighted mean of real updates to within the steps of its quantisation', async () => {
    const keys = allKeys.slice(0, 5);
    const parameters = roundParameters(keys, { vector_length: 200 });
    const weights = [1000, 700, 512, 100, 350];
    const updates = keys.map(() => Float32Array.from({ length: 200 }, () => Math.random() * 6 - 3));
    const vectors = updates.map((update, index) => quantise(update, weights[index] as number, parameters));
    const { result } = await runRound(keys, parameters, vectors);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    expect(result?.totalWeight).toBeCloseTo(total, 1);
    // Five contributors, each off by less than a step, over 2.662 full weights.
    const mostOff = (5 * (16 / 2 ** 22)) / (total / 1000) + 1e-5;
    for (let at = 0; at < 200; at += 1) {
      const mean = updates.reduce(
        (sum, update, index) => sum + (update[at] as number) * (weights[index] as number),
        0,
      );
      expect(Math.abs((result?.mean[at] ?? Number.NaN) - mean / total)).toBeLessThan(mostOff);
    }
  });
});

describe('what a curious server can read', () => {
  const length = 8191;
  /** Two nodes gone after sharing keys (their vectors come late), one after its vector. */
  const answered = [5, 5, 2, 5, 5, 2, 5, 3, 5];
  const parameters = roundParameters(allKeys, { vector_length: length, threshold: 6 });
  // All alike and with no chance in them: what would show through at once.
  const vectors = allKeys.map(() => new Uint32Array(length + 1).fill(12_345));
  const round: Promise<Transcript> = runRound(allKeys, parameters, vectors, answered);

  test('masked vectors are uniform, though all updates are the same constant', async () => {
    const { frames } = await round;
    expect(frames.size).toBe(9);
    for (const frame of frames.values())
      expect(chiSquared(readVectorFrame(frame, length + 1).vector)).toBeLessThan(uniformBelow);
    expect(chiSquared(vectors[0] as Uint32Array)).toBeGreaterThan(uniformBelow);
  });

  test('of no node are shares of both secrets revealed', async () => {
    const { answers, parameters: of } = await round;
    for (const node of of.participants) {
      const count = (list: 'mask_key_shares' | 'seed_shares') =>
        answers.filter((answer) => answer[list].some((share) => share.of === node)).length;
      expect(Math.min(count('mask_key_shares'), count('seed_shares'))).toBe(0);
    }
  });

  test('with every secret that the messages give, each single vector stays masked, while the sum opens', async () => {
    const { answers, peerList, survivorList, frames } = await round;
    const { living = [], dead = [] } = survivorList ?? {};
    const context = peerList?.advertisements[0]?.context ?? '';
    const secretOf = async (list: 'mask_key_shares' | 'seed_shares', node: string) => {
      const shares = answers.flatMap((answer) => answer[list].filter(({ of }) => of === node));
      return combineShares(
        shares.slice(0, 6).map(({ share }) => new Uint8Array(Buffer.from(share, 'base64'))),
      );
    };
    const publicKeys = new Map(
      peerList?.advertisements.map(({ node, mask_key }) => [
        node,
        new Uint8Array(Buffer.from(mask_key, 'base64')),
      ]),
    );
    const attempts = new Map<string, Uint32Array>();
    for (const [node, frame] of frames) {
      const vector = Uint32Array.from(readVectorFrame(frame, length + 1).vector);
      const masks = [];
      const seed = living.includes(node) ? await secretOf('seed_shares', node) : null;
      if (seed) masks.push({ seed, sign: -1 as const });
      for (const other of [...living, ...dead]) {
        if (other === node) continue;
        // Either one's key opens the mask of a pair: that of the dead is known.
        const isKnown = dead.includes(other) ? other : dead.includes(node) ? node : null;
        if (!isKnown) continue;
        const key = agreementKey((await secretOf('mask_key_shares', isKnown)) as Uint8Array);
        const peer = isKnown === other ? node : other;
        const half = pairMask(
          { node: isKnown, key },
          { node: peer, publicKey: publicKeys.get(peer) as Uint8Array },
          context,
        );
        const added = isKnown === node ? half.sign : -half.sign;
        masks.push({ seed: half.seed, sign: added === 1 ? (-1 as const) : (1 as const) });
      }
      await applyMasks(vector, masks);
      attempts.set(node, vector);
      expect(chiSquared(vector)).toBeLessThan(uniformBelow);
    }
    const opened = sumOf(living.map((node) => attempts.get(node) as Uint32Array));
    expect(opened).toEqual(new Uint32Array(length + 1).fill(living.length * 12_345));
  });

  test('sends a vector of 1.66 M weights in less than 1.3 times its plain size', () => {
    const vector = new Uint32Array(1_660_001);
    const head = { context: 'ab'.repeat(32), node: allKeys[0]?.publicKey ?? '', signature: '1'.repeat(88) };
    expect(vectorFrame({ ...head, vector }).length).toBeLessThan(1.3 * 4 * 1_660_000);
  });
});

describe('nodes that spoil the round', () => {
  const keys = allKeys.slice(0, 7);
  const resign = (key: SigningKey, message: UnmaskAnswer): UnmaskAnswer => ({
    ...message,
    signature: key.sign(messageText(message)),
  });
  const garbage = (spoilers: SigningKey[]) => (answer: UnmaskAnswer) => {
    const key = spoilers.find(({ publicKey }) => publicKey === answer.node);
    if (!key) return answer;
    const spoiled = (list: UnmaskAnswer['seed_shares']) =>
      list.map(({ of }) => ({ of, share: randomBytes(33).toString('base64') }));
    return resign(key, {
      ...answer,
      seed_shares: spoiled(answer.seed_shares),
      mask_key_shares: spoiled(answer.mask_key_shares),
    });
  };

  test('garbage shares of a few are named and the sum is right without them', async () => {
    const parameters = roundParameters(keys, { threshold: 4 });
    const vectors = quantisedVectors(keys, parameters);
    const spoilers = keys.slice(1, 3);
    const answered = [5, 5, 5, 5, 5, 5, 2];
    const { result } = await runRound(keys, parameters, vectors, answered, garbage(spoilers));
    expect(result?.badNodes).toEqual(spoilers.map(({ publicKey }) => publicKey));
    expect(result?.mean).toEqual(dequantisedMean(sumOf(vectors.slice(0, 6)), 6, parameters).mean);
  });

  test('garbage shares of too many fail the round and name them', async () => {
    const parameters = roundParameters(keys, { threshold: 6 });
    const spoilers = keys.slice(0, 2);
    const run = runRound(keys, parameters, quantisedVectors(keys, parameters), undefined, garbage(spoilers));
    await expect(run).rejects.toMatchObject({
      code: 'training/round-bad-peer',
      data: { badShares: spoilers.map(({ publicKey }) => publicKey) },
    });
  });

  test('a dealer whose shares give another secret than it advertised is named', async () => {
    const parameters = roundParameters(keys, { threshold: 4 });
    const [liar] = keys as [SigningKey];
    const rounds = openRounds(keys, parameters);
    const [first] = rounds as [(typeof rounds)[number]];
    const server = createAggregation(parameters);
    const own = first.setup();
    const changed = { ...own, seed_sha256: '00'.repeat(32) };
    server.receive({ ...changed, signature: liar.sign(messageText(changed)) });
    for (const round of rounds.slice(1)) server.receive(round.setup());
    const { message } = await closed(server, 'setup');
    for (const round of rounds) {
      // The liar itself goes by what it really made.
      const advertisements = message.advertisements.map((peer) =>
        round === first && peer.node === own.node ? own : peer,
      );
      server.receive(await round.shareKeys({ ...message, advertisements }));
    }
    const { messages } = await closed(server, 'share-keys');
    for (const [index, round] of rounds.entries())
      server.receive(await round.maskVector(deliveryTo(messages, keys[index]), new Uint32Array(17).fill(1)));
    const survivors = await closed(server, 'collect-masked-vectors');
    for (const round of rounds) server.receive(round.signSurvivors(survivors.message));
    const request = await closed(server, 'consistency');
    for (const round of rounds) server.receive(round.unmask(request.message));
    await expect(server.closeStage()).rejects.toMatchObject({
      code: 'training/round-bad-peer',
      data: { nodes: [liar.publicKey] },
    });
    expect(server.stage).toBe('failed');
  });
});

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
    expect(() => server.receive({ ...second, seed_sha256: '11'.repeat(32) })).toThrow(
      expect.objectContaining({ code: 'auth/bad-signature' }),
    );
    for (const odd of [
      null,
      7,
      'x',
      {},
      { stage: 'setup' },
      { ...second, extra: 1 },
      { ...second, mask_key: 'AA' },
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
    const lowOrder = { ...message, mask_key: Buffer.alloc(32).toString('base64') };
    expect(() => server.receive({ ...lowOrder, signature: key.sign(messageText(lowOrder)) })).toThrow(
      /low order/,
    );
    const copied = { ...message, mask_key: message.cipher_key };
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
