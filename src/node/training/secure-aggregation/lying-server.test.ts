import { describe, expect, test } from 'vitest';
import {
  type Advertisement,
  messageText,
  type PeerList,
  type SurvivorList,
  survivorText,
  type UnmaskRequest,
} from '#contract/federated/round-messages.ts';
import { roundContext } from '#contract/federated/round-parameters.ts';
import type { SigningKey } from '#node/link/ed25519.ts';
import { nodeKeys, openRounds, roundAt as roundOf } from '#testing/secure-rounds.ts';
import type { SecureRound } from './secure-round.ts';

const keys = nodeKeys(7);
const roundAt = () => roundOf(keys);
const untrusted = expect.objectContaining({ code: 'training/round-untrusted' });
const outOfStep = expect.objectContaining({ code: 'training/round-out-of-step' });
const [secondKey, thirdKey] = keys.slice(1) as [SigningKey, SigningKey];
const name = (index: number) => keys[index]?.publicKey ?? '';

function resigned(key: SigningKey, message: Advertisement): Advertisement {
  return { ...message, signature: key.sign(messageText(message)) };
}

function isOver(round: SecureRound): void {
  expect(round.next).toBe('over');
  expect(round.state()).toMatchObject({ secrets: null, held: [], ownSeedShare: null });
}

describe('lists of peers that end the round', () => {
  const faults: [string, (list: PeerList) => PeerList][] = [
    [
      'a node’s keys changed by the server',
      (list) => change(list, 1, (peer) => ({ ...peer, maskKey: Buffer.alloc(32, 9).toString('base64') })),
    ],
    [
      'keys signed for another round',
      (list) => change(list, 1, (peer) => resigned(secondKey, { ...peer, context: 'ef'.repeat(32) })),
    ],
    ['keys that another node signed', (list) => change(list, 1, (peer) => resigned(thirdKey, peer))],
    [
      'this node’s own keys changed',
      (list) => change(list, 0, (peer) => ({ ...peer, seedSha256: '00'.repeat(32) })),
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
          resigned(secondKey, { ...peer, maskKey: list.advertisements[2]?.maskKey ?? '' }),
        ),
    ],
    [
      'a stranger',
      (list) => {
        const [stranger] = nodeKeys(1) as [SigningKey];
        const [, peer] = list.advertisements as [Advertisement, Advertisement];
        const fresh = {
          cipherKey: Buffer.alloc(32, 3).toString('base64'),
          maskKey: Buffer.alloc(32, 5).toString('base64'),
        };
        const strange = resigned(stranger, { ...peer, ...fresh, node: stranger.publicKey });
        return { ...list, advertisements: [...list.advertisements, strange] };
      },
    ],
    [
      'a key of low order',
      (list) =>
        change(list, 1, (peer) =>
          resigned(secondKey, { ...peer, cipherKey: Buffer.alloc(32).toString('base64') }),
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
      'one signature twice beside enough others',
      ({ signatures, ...rest }) => ({ ...rest, signatures: [...signatures, ...signatures.slice(0, 1)] }),
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
  ];
  test.each(requests)('a request to unmask with %s', async (_, spoil) => {
    const { victim, toRequest } = await roundAt();
    const request = await toRequest();
    expect(() => victim.unmask(spoil(request))).toThrow(untrusted);
    isOver(victim);
    expect(() => victim.unmask(request)).toThrow(outOfStep);
  });

  test('a request to unmask with the true signature of a node that is dead', async () => {
    const { victim, parameters, toRequest } = await roundAt();
    const request = await toRequest();
    const { living, dead, signatures } = request;
    const dying = keys.find(({ publicKey }) => publicKey === dead[0]) as SigningKey;
    const signature = dying.sign(survivorText(roundContext(parameters), living, dead));
    const more = [...signatures, { node: dying.publicKey, signature }];
    expect(() => victim.unmask({ ...request, signatures: more })).toThrow(untrusted);
  });

  test('a second request to unmask, even the same, gets nothing', async () => {
    const { victim, toRequest } = await roundAt();
    const request = await toRequest();
    victim.unmask(request);
    expect(() => victim.unmask(request)).toThrow(outOfStep);
    isOver(victim);
  });

  test('one list for half of the nodes and another for the rest: neither gathers the signatures it needs', async () => {
    const { rounds, toSurvivors } = await roundAt();
    const list = await toSurvivors();
    const [gone] = list.living.slice(-1) as [string];
    const moved = {
      ...list,
      living: list.living.filter((node) => node !== gone),
      dead: [...list.dead, gone],
    };
    const halves = [rounds.slice(0, 3), rounds.slice(3, 5)] as const;
    const signed = halves.map((half, which) =>
      half.map((round) => {
        const { node, signature } = round.signSurvivors(which === 0 ? list : moved);
        return { node, signature };
      }),
    );
    for (const [which, half] of halves.entries())
      for (const [index, round] of half.entries()) {
        const { living, dead } = which === 0 ? list : moved;
        // Its own half’s signatures are too few, those of both are not all under its list.
        const signatures = index === 0 ? signed[which] : signed.flat();
        expect(() => round.unmask({ stage: 'unmask', living, dead, signatures })).toThrow(untrusted);
      }
  });

  test('with one answer fewer than the threshold the server holds too few shares of every secret', async () => {
    const { rounds, server, toRequest } = await roundAt();
    const request = await toRequest();
    const answers = rounds.slice(0, 4).map((round) => round.unmask(request));
    for (const answer of answers) server.receive(answer);
    for (const node of keys.map(({ publicKey }) => publicKey))
      for (const list of ['seedShares', 'maskKeyShares'] as const)
        expect(answers.filter((answer) => answer[list].some(({ of }) => of === node)).length).toBeLessThan(5);
    await expect(server.closeStage()).rejects.toMatchObject({
      code: 'training/round-too-few',
      data: { stage: 'unmask', count: 4, threshold: 5 },
    });
  });
});

function change(list: PeerList, index: number, edit: (peer: Advertisement) => Advertisement): PeerList {
  return {
    ...list,
    advertisements: list.advertisements.map((peer, at) => (at === index ? edit(peer) : peer)),
  };
}
