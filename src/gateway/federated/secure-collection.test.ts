import { afterEach, expect, test } from 'vitest';
import { offeredParameters } from '#contract/federated/offered-parameters.ts';
import { quantise } from '#contract/federated/quantisation.ts';
import type { PostedStage } from '#contract/federated/rounds.ts';
import { openRound, type SecureRound } from '#node/training/secure-aggregation/secure-round.ts';
import { createCoordinatedRounds, refusal } from '#testing/coordinated-rounds.ts';
import { nodeKeys } from '#testing/secure-rounds.ts';

const rounds = createCoordinatedRounds();
const { open, begin, sealed, post, look, done, outcome, moved } = rounds;
afterEach(rounds.remove);

const keys = nodeKeys(5);
const names = keys.map(({ publicKey }) => publicKey);
const parameters = 4;

/** Five nodes in a secure round, four of which must complete; `stage` says which of them do their part. */
function beginSecure() {
  open({ secureAggregation: 'required', participants: { min: 3, max: 5, fraction: 1 }, stageSeconds: 60 });
  const offer = begin(...names);
  const agreed = offeredParameters(offer, parameters);
  const clients = keys.map((nodeKey) =>
    openRound({
      parameters: agreed,
      modelSha256: offer.model_sha256,
      nodeKey,
      knownNodes: new Set(names),
    }),
  );
  const message = async (name: string) => (await look(offer, name)).message;
  const say = (stage: PostedStage, name: string, body: unknown) =>
    rounds.coordinator.receive(offer.round_id, stage, name, new TextEncoder().encode(JSON.stringify(body)));
  const each = async (which: number[], work: (client: SecureRound, name: string) => Promise<void> | void) => {
    for (const index of which) await work(clients[index] as SecureRound, names[index] as string);
  };
  return {
    offer,
    say,
    clients,
    keys: (which: number[]) => each(which, (client, name) => void say('keys', name, client.setup())),
    shares: (which: number[]) =>
      each(which, async (client, name) => {
        say('shares', name, await client.shareKeys(await message(name)));
      }),
    update: (which: number[]) =>
      each(which, async (client, name) => {
        const vector = new Float32Array(parameters).fill(0.1 * (names.indexOf(name) + 1));
        if (!agreed) throw new Error('the round is plain');
        const frame = await client.maskVector(await message(name), quantise(vector, 100, agreed));
        post(offer, name, sealed(offer, name, frame));
      }),
    consistency: (which: number[]) =>
      each(which, async (client, name) => {
        say('consistency', name, client.signSurvivors(await message(name)));
      }),
    unmask: (which: number[]) =>
      each(which, async (client, name) => void say('unmask', name, client.unmask(await message(name)))),
    /** The stage's time is up; what is not there by now is not waited for. */
    async timeUp(stage: PostedStage) {
      rounds.nowMs = (await look(offer, names[0] ?? '')).deadline_ms + 1;
      rounds.coordinator.tick();
      await look(offer, names[0] ?? '', stage);
    },
  };
}

const all = [0, 1, 2, 3, 4];
const four = [0, 1, 2, 3];

test.each([
  ['keys', 0.25],
  ['shares', 0.25],
  ['update', 0.25],
  ['consistency', 0.3],
  ['unmask', 0.3],
] as const)(
  'without a node’s “%s” the round goes on, and an update that was in counts',
  async (late, mean) => {
    const round = beginSecure();
    let there = all;
    for (const stage of ['keys', 'shares', 'update', 'consistency', 'unmask'] as const) {
      if (stage === late) there = four;
      await round[stage](there);
      if (stage === late) await round.timeUp(stage);
      else await look(round.offer, names[0] ?? '', stage);
    }
    const isCounted = late === 'consistency' || late === 'unmask';
    expect(await done(round.offer, names[0] ?? '')).toMatchObject({ participants: isCounted ? 5 : 4 });
    expect((await outcome(round.offer, names[4] ?? '')).state).toBe(isCounted ? 'done' : 'failed');
    for (const value of moved()) expect(value).toBeCloseTo(mean, 4);
  },
);

test.each(['shares', 'update', 'consistency', 'unmask'] as const)(
  'with fewer than the threshold at “%s” the round fails for all, and the model stays',
  async (late) => {
    const round = beginSecure();
    for (const stage of ['keys', 'shares', 'update', 'consistency', 'unmask'] as const) {
      await round[stage](stage === late ? [0, 1, 2] : all);
      if (stage !== late) await look(round.offer, names[0] ?? '', stage);
      else {
        await round.timeUp(stage);
        break;
      }
    }
    for (const name of names)
      expect(await outcome(round.offer, name)).toMatchObject({
        state: 'failed',
        reason: expect.stringMatching(/3 of 5 nodes are left|fewer than the threshold of 4|in time/),
      });
    expect(rounds.coordinator.offered()[0]).toMatchObject({ model_version: 0 });
  },
);

test('nobody waits for a node that has left after its update', async () => {
  const round = beginSecure();
  await round.keys(all);
  await look(round.offer, names[0] ?? '', 'keys');
  await round.shares(all);
  await look(round.offer, names[0] ?? '', 'shares');
  await round.update(four);
  await round.update([4]);
  rounds.coordinator.leave(round.offer.round_id, names[4] ?? '');
  await look(round.offer, names[0] ?? '', 'update');
  await round.consistency(four);
  await look(round.offer, names[0] ?? '', 'consistency');
  await round.unmask(four);
  expect(await done(round.offer, names[0] ?? '')).toMatchObject({ participants: 5 });
});

test('the same body again is answered as before, another one is a conflict, another node’s is refused', async () => {
  const round = beginSecure();
  const [first, second] = round.clients as [SecureRound, SecureRound];
  const own = first.setup();
  const taken = round.say('keys', names[0] ?? '', own);
  expect(round.say('keys', names[0] ?? '', own)).toEqual(taken);
  const changed = { ...own, seed_sha256: '0'.repeat(64) };
  expect(refusal(() => round.say('keys', names[0] ?? '', changed)).code).toBe('training/conflict');
  expect(refusal(() => round.say('keys', names[2] ?? '', second.setup()))).toMatchObject({
    code: 'training/bad-update',
    message: 'The message is another node’s.',
  });
  expect(await outcome(round.offer, names[2] ?? '')).toMatchObject({ state: 'failed' });
  expect((await look(round.offer, names[1] ?? '')).stage).toBe('keys');
});

test('shares that come before the keys are all there are too early', async () => {
  const round = beginSecure();
  await round.keys([0]);
  expect(refusal(() => round.say('shares', names[0] ?? '', {})).code).toBe('training/not-yet');
});
