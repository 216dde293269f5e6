import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dequantisedMean, quantise } from '#contract/federated/quantisation.ts';
import { messageText, type UnmaskAnswer } from '#contract/federated/round-messages.ts';
import type { RoundParameters } from '#contract/federated/round-parameters.ts';
import type { SigningKey } from '#node/link/ed25519.ts';
import {
  closed,
  deliveryTo,
  nodeKeys,
  openRounds,
  roundParameters,
  runRound,
  sumOf,
} from '#testing/secure-rounds.ts';
import { createAggregation } from './aggregation.ts';

const allKeys = nodeKeys(9);
const words = (length: number) => new Uint32Array(new Uint8Array(randomBytes(4 * length)).buffer);
const stepsUpTo = (range: number, length: number) => words(length).map((word) => word % (range + 1));

/** Vectors as `quantise` makes them: entries within the range, a weight of at least one step. */
const quantisedVectors = (keys: readonly unknown[], { vectorLength, quantisationRange }: RoundParameters) =>
  keys.map(() => {
    const vector = stepsUpTo(quantisationRange, vectorLength + 1);
    vector[vectorLength] = 1 + ((vector[vectorLength] as number) % quantisationRange);
    return vector;
  });

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
        const parameters = roundParameters(keys, { vectorLength: length, threshold });
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
    const parameters = roundParameters(keys, { vectorLength: 200 });
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

describe('nodes that spoil the round', () => {
  const keys = allKeys.slice(0, 7);
  const resign = (key: SigningKey, message: UnmaskAnswer): UnmaskAnswer => ({
    ...message,
    signature: key.sign(messageText(message)),
  });
  const garbage = (spoilers: SigningKey[]) => (answer: UnmaskAnswer) => {
    const key = spoilers.find(({ publicKey }) => publicKey === answer.node);
    if (!key) return answer;
    const spoiled = (list: UnmaskAnswer['seedShares']) =>
      list.map(({ of }) => ({ of, share: randomBytes(33).toString('base64') }));
    return resign(key, {
      ...answer,
      seedShares: spoiled(answer.seedShares),
      maskKeyShares: spoiled(answer.maskKeyShares),
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
    const changed = { ...own, seedSha256: '00'.repeat(32) };
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
