import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ShareDelivery, survivorText } from '#contract/federated/round-messages.ts';
import { type RoundParameters, roundContext } from '#contract/federated/round-parameters.ts';
import { readVectorFrame } from '#contract/federated/vector-frame.ts';
import { createAggregation } from '#gateway/secure-aggregation/aggregation.ts';
import type { SigningKey } from '#node/link/ed25519.ts';
import {
  closed,
  deliveryTo,
  modelSha256,
  nodeKeys,
  openRounds,
  roundAt as roundOf,
  roundParameters,
} from '#testing/secure-rounds.ts';
import { openRound, resumeRound, type SecureRound } from './secure-round.ts';

const keys = nodeKeys(7);
const untrusted = expect.objectContaining({ code: 'training/round-untrusted' });
const malformed = expect.objectContaining({ code: 'training/round-malformed' });
const outOfStep = expect.objectContaining({ code: 'training/round-out-of-step' });

const roundAt = () => roundOf(keys);
const [ownKey, secondKey] = keys as [SigningKey, SigningKey];
const name = (index: number) => keys[index]?.publicKey ?? '';

function isOver(round: SecureRound): void {
  expect(round.next).toBe('over');
  expect(round.state()).toMatchObject({ secrets: null, held: [], ownSeedShare: null });
}

describe('terms of a round that a node does not accept', () => {
  const offered = (wishes: Partial<RoundParameters>, options: { known?: string[]; model?: string } = {}) =>
    openRound({
      parameters: roundParameters(keys, wishes),
      modelSha256: options.model ?? modelSha256,
      nodeKey: ownKey,
      knownNodes: new Set(options.known ?? keys.map(({ publicKey }) => publicKey)),
    });
  const participants = keys.map(({ publicKey }) => publicKey);

  test.each([
    ['a threshold of less than half', { threshold: 3 }, 'training/round-unsafe'],
    ['a threshold above all', { threshold: 8 }, 'training/round-unsafe'],
    ['a threshold of one', { threshold: 1 }, 'training/round-malformed'],
    [
      'half of an even number',
      { participants: participants.slice(0, 6), threshold: 3 },
      'training/round-unsafe',
    ],
    [
      'two participants',
      { participants: participants.slice(0, 2), threshold: 2 },
      'training/round-malformed',
    ],
    ['one twice', { participants: [name(0), name(0), ...participants.slice(1)] }, 'training/round-unsafe'],
    ['out of order', { participants: [...participants].reverse() }, 'training/round-unsafe'],
    ['a sum that overflows', { quantisationRange: 2 ** 31 }, 'training/round-unsafe'],
    ['a sum that may just overflow', { quantisationRange: Math.floor(2 ** 32 / 7) }, 'training/round-unsafe'],
    ['weights finer than the steps', { quantisationRange: 999 }, 'training/round-unsafe'],
    ['another model', { modelSha256: 'cd'.repeat(32) }, 'training/round-untrusted'],
    ['without this node', { participants: participants.slice(1) }, 'training/round-untrusted'],
    ['no clipping', { clippingRange: 0 }, 'training/round-malformed'],
    ['an odd id', { roundId: '../../etc' }, 'training/round-malformed'],
  ])('%s', (_, wishes, code) => {
    expect(() => offered(wishes)).toThrow(expect.objectContaining({ code }));
  });

  test('participants that it was not told of', () => {
    expect(() => offered({}, { known: participants.slice(0, 6) })).toThrow(/not known to this node/);
  });
});

describe('deliveries of shares', () => {
  const faults: [string, (delivery: ShareDelivery) => ShareDelivery][] = [
    ['too few', ({ shares, ...rest }) => ({ ...rest, shares: shares.slice(0, 3) })],
    ['one twice', ({ shares, ...rest }) => ({ ...rest, shares: [...shares, ...shares.slice(0, 1)] })],
    [
      'from itself',
      ({ shares, ...rest }) => ({
        ...rest,
        shares: shares.map((share, index) => (index === 0 ? { ...share, from: ownKey.publicKey } : share)),
      }),
    ],
  ];
  test.each(faults)('%s: the round is over and no vector leaves', async (_, spoil) => {
    const { victim, toDelivery } = await roundAt();
    const messages = await toDelivery();
    await expect(victim.maskVector(spoil(deliveryTo(messages, ownKey)), new Uint32Array(17))).rejects.toThrow(
      untrusted,
    );
    isOver(victim);
  });

  test('a pair of shares that was swapped or tampered with is never answered for', async () => {
    const { victim, rounds, toDelivery, parameters } = await roundAt();
    const messages = await toDelivery();
    const { shares, ...rest } = deliveryTo(messages, ownKey);
    const [first, second, third] = shares as [(typeof shares)[0], (typeof shares)[0], (typeof shares)[0]];
    const spoiled = [
      { ...first, sealed: second.sealed },
      { ...second, sealed: first.sealed },
      { ...third, seedShareSha256: '00'.repeat(32) },
      ...shares.slice(3),
    ];
    await victim.maskVector({ ...rest, shares: spoiled }, new Uint32Array(17));
    const lists = { living: parameters.participants, dead: [] };
    const context = roundContext(parameters);
    victim.signSurvivors({ stage: 'consistency', ...lists });
    const text = survivorText(context, lists.living, lists.dead);
    const signatures = keys.map((key) => ({ node: key.publicKey, signature: key.sign(text) }));
    const answer = victim.unmask({ stage: 'unmask', ...lists, signatures });
    expect(answer.seedShares.map(({ of }) => of)).toEqual([
      name(0),
      ...keys.slice(4).map((key) => key.publicKey),
    ]);
    expect(rounds).toHaveLength(7);
  });

  test('a second vector is never masked with the same masks', async () => {
    const { victim, toDelivery } = await roundAt();
    const delivery = deliveryTo(await toDelivery(), ownKey);
    const stopped = victim.maskVector(delivery, new Uint32Array(17));
    await expect(victim.maskVector(delivery, new Uint32Array(17).fill(1))).rejects.toThrow(outOfStep);
    await stopped;
    await expect(victim.maskVector(delivery, new Uint32Array(17).fill(1))).rejects.toThrow(outOfStep);
  });

  test('an abort while masking ends the round, and nothing of it is left', async () => {
    const { victim, toDelivery } = await roundAt();
    const delivery = deliveryTo(await toDelivery(), ownKey);
    await expect(victim.maskVector(delivery, new Uint32Array(17), AbortSignal.abort())).rejects.toThrow(
      /abort/i,
    );
    isOver(victim);
  });

  test('leaving while keys are shared or a vector is masked lets nothing out', async () => {
    const early = await roundAt();
    const sharing = early.victim.shareKeys(early.peerList);
    early.victim.leave();
    await expect(sharing).rejects.toThrow(outOfStep);
    const { victim, toDelivery } = await roundAt();
    const masking = victim.maskVector(deliveryTo(await toDelivery(), ownKey), new Uint32Array(17));
    victim.leave();
    await expect(masking).rejects.toThrow(outOfStep);
    isOver(victim);
  });

  test('a vector of another length is refused and the round goes on', async () => {
    const { victim, toDelivery } = await roundAt();
    const delivery = deliveryTo(await toDelivery(), ownKey);
    await expect(victim.maskVector(delivery, new Uint32Array(16))).rejects.toMatchObject({
      code: 'training/bad-update',
    });
    await expect(victim.maskVector(delivery, new Uint32Array(17))).resolves.toBeInstanceOf(Uint8Array);
  });
});

describe('messages that are none', () => {
  test('change nothing: the round goes on with the next good one', async () => {
    const { victim, rounds, server, peerList } = await roundAt();
    const junk = fc.sample(fc.jsonValue(), 50);
    for (const odd of [...junk, { ...peerList, more: 1 }, { stage: 'share-keys', advertisements: [{}] }])
      await expect(victim.shareKeys(odd)).rejects.toThrow(malformed);
    for (const round of rounds) server.receive(await round.shareKeys(peerList));
    const { messages } = await closed(server, 'share-keys');
    for (const odd of junk)
      await expect(victim.maskVector(odd, new Uint32Array(17))).rejects.toThrow(malformed);
    for (const [index, round] of rounds.entries())
      server.receive(await round.maskVector(deliveryTo(messages, keys[index]), new Uint32Array(17).fill(1)));
    const survivors = await closed(server, 'collect-masked-vectors');
    for (const odd of junk) expect(() => victim.signSurvivors(odd)).toThrow(malformed);
    for (const round of rounds) server.receive(round.signSurvivors(survivors.message));
    const request = await closed(server, 'consistency');
    for (const odd of junk) expect(() => victim.unmask(odd)).toThrow(malformed);
    for (const round of rounds) server.receive(round.unmask(request.message));
    await expect(server.closeStage()).resolves.toMatchObject({ result: { badNodes: [] } });
  });
});

describe('a node that is started again in the middle of a round', () => {
  test('goes on from its stored state at every stage, with the same result', async () => {
    const parameters = roundParameters(keys, { threshold: 5 });
    const server = createAggregation(parameters);
    const [first, ...others] = openRounds(keys, parameters) as [SecureRound, ...SecureRound[]];
    let stored = '';
    const knownNodes = new Set(parameters.participants);
    const options = { parameters, modelSha256, nodeKey: ownKey, knownNodes };
    let round = first;
    const restart = () => {
      stored = JSON.stringify(round.state());
      round.leave();
      round = resumeRound(options, JSON.parse(stored));
    };
    const all = () => [round, ...others];
    restart();
    for (const one of all()) server.receive(one.setup());
    restart();
    const { message } = await closed(server, 'setup');
    for (const one of all()) server.receive(await one.shareKeys(message));
    restart();
    const { messages } = await closed(server, 'share-keys');
    const ones = () => new Uint32Array(17).fill(2 ** 21);
    for (const [index, one] of all().entries())
      server.receive(await one.maskVector(deliveryTo(messages, keys[index]), ones()));
    restart();
    expect(stored).toContain('"secrets":null');
    const survivors = await closed(server, 'collect-masked-vectors');
    for (const one of all()) server.receive(one.signSurvivors(survivors.message));
    restart();
    const request = await closed(server, 'consistency');
    for (const one of all()) server.receive(one.unmask(request.message));
    const { result } = await closed(server, 'unmask');
    expect(result.mean).toEqual(new Float32Array(16));
    expect(result.contributors).toHaveLength(7);
  });

  test('a state of another round, of another node, or no state, is refused', () => {
    const parameters = roundParameters(keys);
    const [first] = openRounds(keys, parameters) as [SecureRound];
    const knownNodes = new Set(parameters.participants);
    const options = { parameters, modelSha256, nodeKey: ownKey, knownNodes };
    const state = first.state();
    expect(() => resumeRound({ ...options, parameters: roundParameters(keys) }, state)).toThrow(untrusted);
    expect(() => resumeRound({ ...options, nodeKey: secondKey }, state)).toThrow(untrusted);
    for (const odd of [null, {}, { ...state, next: 'somewhere' }, { ...state, extra: 1 }])
      expect(() => resumeRound(options, odd)).toThrow(malformed);
  });
});

test('two rounds with the same vector look nothing alike', async () => {
  const frames = [];
  for (const _ of [1, 2]) {
    const { victim, toDelivery } = await roundAt();
    frames.push(await victim.maskVector(deliveryTo(await toDelivery(), ownKey), new Uint32Array(17)));
  }
  const [one, other] = frames.map((frame) => readVectorFrame(frame, 17).vector);
  expect(one?.filter((word, index) => word === other?.[index])).toHaveLength(0);
});
