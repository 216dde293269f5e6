import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { offeredParameters } from '#contract/federated/offered-parameters.ts';
import type { RoundStage } from '#contract/federated/round-messages.ts';
import { defaultThreshold } from '#contract/federated/round-parameters.ts';
import type { RoundOffer } from '#contract/federated/rounds.ts';
import { localTrainingSchema } from '#contract/federated/task.ts';
import { createAggregation } from '#gateway/secure-aggregation/aggregation.ts';
import { closed, deliveryTo, modelSha256, nodeKeys } from '#testing/secure-rounds.ts';
import type { SigningKey } from '../link/ed25519.ts';
import { type SecureClient, secureClients } from './secure-client.ts';

const parameters = 12;
const never = new AbortController().signal;

const offerOf = (keys: readonly SigningKey[]): RoundOffer => ({
  round_id: 'round-secure',
  task_id: 'small',
  task_sha256: 'a'.repeat(64),
  model_version: 1,
  model_sha256: modelSha256,
  strategy: 'fedavg',
  training: localTrainingSchema.parse({}),
  node_keys: keys.map(({ publicKey }) => publicKey),
  secure: {
    threshold: defaultThreshold(keys.length),
    clipping_range: 8,
    quantization_range: 2 ** 22,
    max_weight: 1000,
  },
  update_key: 'A'.repeat(44),
  deadline_ms: 1,
  reward_lamports: '1',
});

/** A node with what is on its disk: the client's state, and the frame that is to be sent. */
function createNode(key: SigningKey, offer: RoundOffer) {
  let saved: Uint8Array | null = null;
  let frame: Uint8Array | null = null;
  const open = () =>
    secureClients(key)({
      offer,
      parameters,
      saved: saved && Uint8Array.from(saved),
      save(state) {
        saved = Uint8Array.from(state);
      },
    });
  let client = open();
  /** Frames that left the node, by their hash. */
  const sent = new Set<string>();
  return {
    sent,
    name: key.publicKey,
    /** The process ends; the next one has what was saved. */
    kill() {
      client = open();
    },
    say<T>(work: (client: SecureClient) => T): T {
      return work(client);
    },
    /** As a round does it: the frame is stored, then the state, and only then it may leave. `dieAfter` ends the process in between. */
    async vector(message: unknown, vector: Float32Array, dieAfter: 'mask' | 'stored' | 'masked' | null) {
      if (!client.isMasked()) {
        const made = await client.mask(message, vector, 100, never);
        if (dieAfter === 'mask') return this.kill();
        frame = made;
        if (dieAfter === 'stored') return this.kill();
        client.masked();
      }
      if (dieAfter === 'masked') return this.kill();
    },
    send(): Uint8Array {
      expect(client.isMasked()).toBe(true);
      const bytes = frame as Uint8Array;
      sent.add(createHash('sha256').update(bytes).digest('hex'));
      return bytes;
    },
  };
}

const json = (value: unknown) => JSON.stringify(value);

test.each([3, 5])(
  'of %i nodes each dies before and after every stage; the sum is right all the same',
  async (count) => {
    const keys = nodeKeys(count);
    const offer = offerOf(keys);
    const agreed = offeredParameters(offer, parameters);
    const server = createAggregation(agreed ?? expect.fail('the round is secure'));
    const nodes = keys.map((key) => createNode(key, offer));
    const vectors = nodes.map((_, index) =>
      Float32Array.from({ length: parameters }, (_, at) => index - 1 + at / 8),
    );

    /** Each node answers, with a death before and one after; the answer is the same to the byte. */
    async function eachSays(stage: RoundStage, work: (client: SecureClient, name: string) => unknown) {
      for (const node of nodes) {
        node.kill();
        const first = await node.say((client) => work(client, node.name));
        const again = await node.say((client) => work(client, node.name));
        node.kill();
        const after = await node.say((client) => work(client, node.name));
        expect(json(again), stage).toBe(json(first));
        expect(json(after), stage).toBe(json(first));
        server.receive(JSON.parse(json(after)));
      }
    }

    await eachSays('setup', (client) => client.keys());
    const { message: peers } = await closed(server, 'setup');
    await eachSays('share-keys', (client) => client.shares(peers));
    const { messages } = await closed(server, 'share-keys');
    for (const [index, node] of nodes.entries()) {
      const delivery = deliveryTo(messages, keys[index]);
      const vector = vectors[index] as Float32Array;
      for (const dieAfter of ['mask', 'stored', 'masked', null] as const)
        await node.vector(delivery, vector, dieAfter);
      server.receive(node.send());
      node.kill();
      await node.vector(delivery, vector, null);
      node.send();
    }
    const { message: survivors } = await closed(server, 'collect-masked-vectors');
    await eachSays('consistency', (client) => client.consistency(survivors));
    const { message: request } = await closed(server, 'consistency');
    await eachSays('unmask', (client) => client.unmask(request));
    const { result } = await closed(server, 'unmask');

    const mean = (at: number) => vectors.reduce((sum, vector) => sum + (vector[at] as number), 0) / count;
    for (let at = 0; at < parameters; at += 1) expect(result.mean[at]).toBeCloseTo(mean(at), 3);
    expect(result.totalWeight).toBeCloseTo(100 * count, 1);
    for (const { sent } of nodes) expect(sent.size).toBe(1);
  },
);

test('what is stored says which answers were given', async () => {
  const keys = nodeKeys(3);
  const offer = offerOf(keys);
  const node = createNode(keys[0] as SigningKey, offer);
  expect(node.say((client) => [client.has('keys'), client.has('shares'), client.isMasked()])).toEqual([
    false,
    false,
    false,
  ]);
  node.say((client) => client.keys());
  node.kill();
  expect(node.say((client) => [client.has('keys'), client.has('shares')])).toEqual([true, false]);
});

test('one vector is masked once: a second one in the same life is refused', async () => {
  const keys = nodeKeys(3);
  const offer = offerOf(keys);
  const server = createAggregation(offeredParameters(offer, parameters) ?? expect.fail());
  const nodes = keys.map((key) => createNode(key, offer));
  for (const node of nodes) server.receive(node.say((client) => client.keys()));
  const { message: peers } = await closed(server, 'setup');
  for (const node of nodes) server.receive(await node.say((client) => client.shares(peers)));
  const { messages } = await closed(server, 'share-keys');
  const delivery = deliveryTo(messages, keys[0]);
  const mask = (value: number) =>
    nodes[0]?.say((client) => client.mask(delivery, new Float32Array(parameters).fill(value), 100, never));
  await mask(1);
  await expect(async () => mask(2)).rejects.toMatchObject({ code: 'training/round-out-of-step' });
});

test('a plain offer and a state of another round are refused', () => {
  const keys = nodeKeys(3);
  const offer = offerOf(keys);
  const [key] = keys as [SigningKey];
  let saved: Uint8Array | null = null;
  const open = (change: Partial<RoundOffer>) =>
    secureClients(key)({
      offer: { ...offer, ...change },
      parameters,
      saved,
      save(state) {
        saved = state;
      },
    });
  expect(() => open({ secure: null })).toThrow(expect.objectContaining({ code: 'training/bad-offer' }));
  open({}).keys();
  expect(() => open({ round_id: 'round-another' })).toThrow(
    expect.objectContaining({ code: 'training/round-untrusted' }),
  );
});
