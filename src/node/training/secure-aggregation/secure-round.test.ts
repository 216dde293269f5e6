import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type Advertisement,
  messageText,
  type PeerList,
  type ShareDelivery,
  type SurvivorList,
  survivorText,
  type UnmaskRequest,
} from '#contract/federated/round-messages.ts';
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
  roundParameters,
} from '#testing/secure-rounds.ts';
import { eraseRound, openUsedRounds, storedRound, storeRound } from './round-file.ts';
import { openRound, resumeRound, type SecureRound } from './secure-round.ts';

const keys = nodeKeys(7);
const folder = mkdtempSync(join(tmpdir(), 'solanalm-secure-round-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const untrusted = expect.objectContaining({ code: 'training/round-untrusted' });
const malformed = expect.objectContaining({ code: 'training/round-malformed' });
const outOfStep = expect.objectContaining({ code: 'training/round-out-of-step' });

/** A round with an honest server that has come to where a node awaits its second, third, fourth or fifth message. */
async function roundAt(wishes: Partial<RoundParameters> = {}) {
  const parameters = roundParameters(keys, { threshold: 5, ...wishes });
  const server = createAggregation(parameters);
  const rounds = openRounds(keys, parameters);
  const [victim] = rounds as [SecureRound];
  for (const round of rounds) server.receive(round.setup());
  const { message: peerList } = await closed(server, 'setup');
  async function toDelivery() {
    for (const round of rounds) server.receive(await round.shareKeys(peerList));
    const { messages } = await closed(server, 'share-keys');
    return messages;
  }
  /** The last node sends no vector. */
  async function toSurvivors() {
    const messages = await toDelivery();
    for (const [index, round] of rounds.slice(0, 6).entries())
      server.receive(await round.maskVector(deliveryTo(messages, keys[index]), new Uint32Array(17).fill(1)));
    return (await closed(server, 'collect-masked-vectors')).message;
  }
  async function toRequest() {
    const list = await toSurvivors();
    for (const round of rounds.slice(0, 6)) server.receive(round.signSurvivors(list));
    return (await closed(server, 'consistency')).message;
  }
  return { parameters, server, rounds, victim, peerList, toDelivery, toSurvivors, toRequest };
}

const [ownKey, secondKey, thirdKey] = keys as [SigningKey, SigningKey, SigningKey];
const name = (index: number) => keys[index]?.publicKey ?? '';

function resigned(key: SigningKey, message: Advertisement): Advertisement {
  return { ...message, signature: key.sign(messageText(message)) };
}

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
      usedRounds: new Set(),
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
    ['a sum that overflows', { quantisation_range: 2 ** 31 }, 'training/round-unsafe'],
    [
      'a sum that may just overflow',
      { quantisation_range: Math.floor(2 ** 32 / 7) },
      'training/round-unsafe',
    ],
    ['weights finer than the steps', { quantisation_range: 999 }, 'training/round-unsafe'],
    ['another model', { model_sha256: 'cd'.repeat(32) }, 'training/round-untrusted'],
    ['without this node', { participants: participants.slice(1) }, 'training/round-untrusted'],
    ['no clipping', { clipping_range: 0 }, 'training/round-malformed'],
    ['an odd id', { round_id: '../../etc' }, 'training/round-malformed'],
  ])('%s', (_, wishes, code) => {
    expect(() => offered(wishes)).toThrow(expect.objectContaining({ code }));
  });

  test('participants that it was not told of', () => {
    expect(() => offered({}, { known: participants.slice(0, 6) })).toThrow(/not known to this node/);
  });

  test('a round id that was used, also after a restart', () => {
    const file = join(folder, 'used');
    const parameters = roundParameters(keys);
    const open = () =>
      openRound({
        parameters,
        modelSha256,
        nodeKey: ownKey,
        knownNodes: new Set(participants),
        usedRounds: openUsedRounds(file),
      });
    open();
    expect(open).toThrow(expect.objectContaining({ code: 'training/round-replayed' }));
    expect(readFileSync(file, 'utf8')).toBe(`${parameters.round_id}\n`);
  });
});

describe('lists of peers that end the round', () => {
  const faults: [string, (list: PeerList) => PeerList][] = [
    [
      'a node’s keys changed by the server',
      (list) => change(list, 1, (peer) => ({ ...peer, mask_key: Buffer.alloc(32, 9).toString('base64') })),
    ],
    [
      'keys signed for another round',
      (list) => change(list, 1, (peer) => resigned(secondKey, { ...peer, context: 'ef'.repeat(32) })),
    ],
    ['keys that another node signed', (list) => change(list, 1, (peer) => resigned(thirdKey, peer))],
    [
      'this node’s own keys changed',
      (list) => change(list, 0, (peer) => ({ ...peer, seed_sha256: '00'.repeat(32) })),
    ],
    ['this node left out', (list) => ({ ...list, advertisements: list.advertisements.slice(1) })],
    ['fewer than the threshold', (list) => ({ ...list, advertisements: list.advertisements.slice(0, 4) })],
    [
      'a node twice',
      (list) => ({ ...list, advertisements: [...list.advertisements, ...list.advertisements.slice(-1)] }),
    ],
    [
      'two nodes with one key',
      (list) =>
        change(list, 1, (peer) =>
          resigned(secondKey, { ...peer, mask_key: list.advertisements[2]?.mask_key ?? '' }),
        ),
    ],
    [
      'a stranger',
      (list) => {
        const [stranger] = nodeKeys(1) as [SigningKey];
        const [, peer] = list.advertisements as [Advertisement, Advertisement];
        const fresh = {
          cipher_key: Buffer.alloc(32, 3).toString('base64'),
          mask_key: Buffer.alloc(32, 5).toString('base64'),
        };
        const strange = resigned(stranger, { ...peer, ...fresh, node: stranger.publicKey });
        return { ...list, advertisements: [...list.advertisements, strange] };
      },
    ],
    [
      'a key of low order',
      (list) =>
        change(list, 1, (peer) =>
          resigned(secondKey, { ...peer, cipher_key: Buffer.alloc(32).toString('base64') }),
        ),
    ],
  ];
  test.each(faults)('%s', async (_, spoil) => {
    const { victim, peerList } = await roundAt();
    await expect(victim.shareKeys(spoil(peerList))).rejects.toThrow(untrusted);
    isOver(victim);
    await expect(victim.shareKeys(peerList)).rejects.toThrow(outOfStep);
  });

  test('keys from nodes that were offered another threshold', async () => {
    const { victim, peerList } = await roundAt();
    const lower = openRounds(keys, { ...victim.parameters, threshold: 4 });
    const advertisements = [
      ...peerList.advertisements.slice(0, 1),
      ...lower.slice(1).map((round) => round.setup()),
    ];
    await expect(victim.shareKeys({ ...peerList, advertisements })).rejects.toThrow(/other parameters/);
  });

  test('keys replayed from an earlier round', async () => {
    const earlier = await roundAt();
    const { victim, peerList } = await roundAt();
    const advertisements = [
      ...peerList.advertisements.slice(0, 6),
      ...earlier.peerList.advertisements.slice(6),
    ];
    await expect(victim.shareKeys({ ...peerList, advertisements })).rejects.toThrow(/another round/);
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
      { ...third, seed_share_sha256: '00'.repeat(32) },
      ...shares.slice(3),
    ];
    await victim.maskVector({ ...rest, shares: spoiled }, new Uint32Array(17));
    const lists = { living: parameters.participants, dead: [] };
    const context = roundContext(parameters);
    victim.signSurvivors({ stage: 'consistency', ...lists });
    const text = survivorText(context, lists.living, lists.dead);
    const signatures = keys.map((key) => ({ node: key.publicKey, signature: key.sign(text) }));
    const answer = victim.unmask({ stage: 'unmask', ...lists, signatures });
    expect(answer.seed_shares.map(({ of }) => of)).toEqual([
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

  test('a vector of another length is refused and the round goes on', async () => {
    const { victim, toDelivery } = await roundAt();
    const delivery = deliveryTo(await toDelivery(), ownKey);
    await expect(victim.maskVector(delivery, new Uint32Array(16))).rejects.toMatchObject({
      code: 'training/bad-update',
    });
    await expect(victim.maskVector(delivery, new Uint32Array(17))).resolves.toBeInstanceOf(Uint8Array);
  });
});

describe('a server that lies about who is there', () => {
  const lists: [string, (list: SurvivorList) => SurvivorList][] = [
    ['a node both living and dead', (list) => ({ ...list, dead: [...list.dead, name(1)] })],
    ['a node twice among the living', (list) => ({ ...list, living: [...list.living, name(1)] })],
    [
      'a node that did not share keys',
      (list) => ({ ...list, living: [...list.living.slice(0, 5), nodeKeys(1)[0]?.publicKey ?? ''] }),
    ],
    ['a node left out of both', (list) => ({ ...list, dead: [] })],
    [
      'this node among the dead',
      (list) => ({ ...list, living: list.living.slice(1), dead: [...list.dead, name(0)] }),
    ],
    [
      'survivors below the threshold',
      (list) => ({ ...list, living: list.living.slice(0, 4), dead: [...list.dead, name(4), name(5)] }),
    ],
  ];
  test.each(lists)('%s', async (_, spoil) => {
    const { victim, toSurvivors } = await roundAt();
    const list = await toSurvivors();
    expect(() => victim.signSurvivors(spoil(list))).toThrow(untrusted);
    isOver(victim);
  });

  const requests: [string, (request: UnmaskRequest) => UnmaskRequest][] = [
    [
      'other lists than were signed',
      ({ living, dead, ...rest }) => ({
        ...rest,
        living: living.slice(0, 5),
        dead: [...dead, ...living.slice(5)],
      }),
    ],
    ['both secrets of one node', ({ dead, ...rest }) => ({ ...rest, dead: [...dead, name(1)] })],
    [
      'signatures below the threshold',
      ({ signatures, ...rest }) => ({ ...rest, signatures: signatures.slice(0, 4) }),
    ],
    [
      'one signature counted twice',
      ({ signatures, ...rest }) => ({
        ...rest,
        signatures: [...signatures.slice(0, 4), ...signatures.slice(0, 1)],
      }),
    ],
    [
      'a forged signature',
      ({ signatures, ...rest }) => ({
        ...rest,
        signatures: signatures.map((one, index) =>
          index === 1 ? { ...one, signature: signatures[0]?.signature ?? '' } : one,
        ),
      }),
    ],
    [
      'the signature of a dead node',
      ({ signatures, dead, ...rest }) => ({
        ...rest,
        dead,
        signatures: [...signatures, { node: dead[0] ?? '', signature: signatures[0]?.signature ?? '' }],
      }),
    ],
  ];
  test.each(requests)('a request to unmask with %s', async (_, spoil) => {
    const { victim, toRequest } = await roundAt();
    const request = await toRequest();
    expect(() => victim.unmask(spoil(request))).toThrow(untrusted);
    isOver(victim);
    expect(() => victim.unmask(request)).toThrow(outOfStep);
  });

  test('a second request to unmask, even the same, gets nothing', async () => {
    const { victim, toRequest } = await roundAt();
    const request = await toRequest();
    victim.unmask(request);
    expect(() => victim.unmask(request)).toThrow(outOfStep);
    isOver(victim);
  });

  test('one list for half of the nodes and another for the rest: neither gathers the signatures it needs', async () => {
    const { rounds, parameters, toSurvivors } = await roundAt();
    const list = await toSurvivors();
    const moved = {
      ...list,
      living: list.living.filter((node) => node !== name(5)),
      dead: [...list.dead, name(5)],
    };
    const shown = (index: number) => (index < 3 ? list : moved);
    const names = (index: number) => rounds[index]?.signSurvivors(shown(index)).signature ?? '';
    const signed = [0, 1, 2, 3, 4].map((index) => ({ node: name(index), signature: names(index) }));
    const context = roundContext(parameters);
    for (const index of [0, 1, 2, 3, 4]) {
      const { living, dead } = shown(index);
      const fitting = signed.filter((_, other) => shown(other) === shown(index));
      const request = { stage: 'unmask', living, dead };
      expect(survivorText(context, living, dead)).not.toBe('');
      const attempt = index % 2 ? { ...request, signatures: signed } : { ...request, signatures: fitting };
      expect(() => rounds[index]?.unmask(attempt)).toThrow(untrusted);
    }
  });

  test('with one answer fewer than the threshold the server holds too few shares of every secret', async () => {
    const { rounds, server, toRequest } = await roundAt();
    const request = await toRequest();
    const answers = rounds.slice(0, 4).map((round) => round.unmask(request));
    for (const answer of answers) server.receive(answer);
    for (const node of keys.map(({ publicKey }) => publicKey))
      for (const list of ['seed_shares', 'mask_key_shares'] as const)
        expect(answers.filter((answer) => answer[list].some(({ of }) => of === node)).length).toBeLessThan(5);
    await expect(server.closeStage()).rejects.toMatchObject({
      code: 'training/round-too-few',
      data: { stage: 'unmask', count: 4, threshold: 5 },
    });
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
  test('goes on from its file at every stage, with the same result', async () => {
    const parameters = roundParameters(keys, { threshold: 5 });
    const server = createAggregation(parameters);
    const [first, ...others] = openRounds(keys, parameters) as [SecureRound, ...SecureRound[]];
    const file = join(folder, 'round.json');
    const knownNodes = new Set(parameters.participants);
    const options = { parameters, modelSha256, nodeKey: ownKey, knownNodes };
    let round = first;
    const restart = () => {
      storeRound(file, round.state());
      expect(statSync(file).mode & 0o777).toBe(0o600);
      round.leave();
      round = resumeRound(options, storedRound(file));
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
    expect(readFileSync(file, 'utf8')).toContain('"secrets":null');
    const survivors = await closed(server, 'collect-masked-vectors');
    for (const one of all()) server.receive(one.signSurvivors(survivors.message));
    restart();
    const request = await closed(server, 'consistency');
    for (const one of all()) server.receive(one.unmask(request.message));
    const { result } = await closed(server, 'unmask');
    expect(result.mean).toEqual(new Float32Array(16));
    expect(result.contributors).toHaveLength(7);
    eraseRound(file);
    expect(storedRound(file)).toBeNull();
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

function change(list: PeerList, index: number, edit: (peer: Advertisement) => Advertisement): PeerList {
  return {
    ...list,
    advertisements: list.advertisements.map((peer, at) => (at === index ? edit(peer) : peer)),
  };
}
