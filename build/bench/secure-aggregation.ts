import { quantise } from '#contract/federated/quantisation.ts';
import { survivorText } from '#contract/federated/round-messages.ts';
import { type RoundParameters, roundContext } from '#contract/federated/round-parameters.ts';
import { createAggregation } from '#gateway/secure-aggregation/aggregation.ts';
import type { SigningKey } from '#node/link/ed25519.ts';
import type { SecureRound } from '#node/training/secure-aggregation/secure-round.ts';
import { closed, deliveryTo, nodeKeys, openRounds, roundParameters } from '#testing/secure-rounds.ts';
import { spread } from './statistics.ts';

const weights = 1_660_000;
const clients = 100;
const repeats = 5;
const examples = 500;

/** CPU time of this process, user and system, in milliseconds. */
async function cpuMs<T>(work: () => T | Promise<T>): Promise<{ ms: number; value: T }> {
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, value };
}

const newUpdate = () => Float32Array.from({ length: weights }, (_, index) => Math.sin(index));
const jsonBytes = (message: object) => Buffer.byteLength(JSON.stringify(message));

/** A round in which all share keys and a tenth is gone before its vector. */
async function begun(count: number) {
  const keys = nodeKeys(count);
  const parameters = roundParameters(keys, { vector_length: weights });
  const server = createAggregation(parameters);
  const nodes = openRounds(keys, parameters);
  const [measured, ...others] = nodes as [SecureRound, ...SecureRound[]];
  const setup = await cpuMs(() => measured.setup());
  for (const message of [setup.value, ...others.map((node) => node.setup())]) server.receive(message);
  const { message: peerList } = await closed(server, 'setup');
  const shareKeys = await cpuMs(() => measured.shareKeys(peerList));
  server.receive(shareKeys.value);
  for (const node of others) server.receive(await node.shareKeys(peerList));
  const { messages } = await closed(server, 'share-keys');
  const survivors = Math.round(0.9 * count);
  return { keys, parameters, server, nodes, measured, setup, peerList, shareKeys, messages, survivors };
}

/** One node's whole work. The others share keys and sign in earnest; their vectors do not concern it and are not made. */
async function measureNode() {
  const { keys, parameters, measured, setup, peerList, shareKeys, messages, survivors } =
    await begun(clients);
  const update = newUpdate();
  const delivery = deliveryTo(messages, keys[0]);
  const quantised = await cpuMs(() => quantise(update, examples, parameters));
  const masked = await cpuMs(() => measured.maskVector(delivery, quantised.value));
  const lists = survivorLists(parameters, survivors);
  const signed = await cpuMs(() => measured.signSurvivors({ stage: 'consistency', ...lists }));
  const request = {
    stage: 'unmask',
    ...lists,
    signatures: signaturesOf(keys.slice(0, survivors), parameters, lists),
  };
  const answer = await cpuMs(() => measured.unmask(request));
  return {
    cpuMs: {
      setup: setup.ms,
      shareKeys: shareKeys.ms,
      quantise: quantised.ms,
      maskVector: masked.ms,
      signSurvivors: signed.ms,
      unmask: answer.ms,
    },
    uploadBytes:
      masked.value.length +
      [setup, shareKeys, signed, answer].reduce((sum, { value }) => sum + jsonBytes(value), 0),
    downloadBytes: [peerList, delivery, lists, request].reduce((sum, message) => sum + jsonBytes(message), 0),
  };
}

interface SurvivorLists {
  living: string[];
  dead: string[];
}

const survivorLists = ({ participants }: RoundParameters, survivors: number): SurvivorLists => ({
  living: participants.slice(0, survivors),
  dead: participants.slice(survivors),
});

function signaturesOf(keys: SigningKey[], parameters: RoundParameters, { living, dead }: SurvivorLists) {
  const text = survivorText(roundContext(parameters), living, dead);
  return keys.map((key) => ({ node: key.publicKey, signature: key.sign(text) }));
}

/** A whole round with real vectors of all: CPU time of the server's last step, and how far its mean is off. */
async function measureServer(count: number) {
  const { keys, parameters, server, nodes, messages, survivors } = await begun(count);
  const update = newUpdate();
  const living = nodes.slice(0, survivors);
  for (const [index, node] of living.entries()) {
    const vector = quantise(update, examples, parameters);
    server.receive(await node.maskVector(deliveryTo(messages, keys[index]), vector));
  }
  const { message: list } = await closed(server, 'collect-masked-vectors');
  for (const node of living) server.receive(node.signSurvivors(list));
  const { message: request } = await closed(server, 'consistency');
  for (const node of living) server.receive(node.unmask(request));
  const { ms, value } = await cpuMs(() => closed(server, 'unmask'));
  const { mean } = value.result;
  const mostError = mean.reduce((most, one, at) => Math.max(most, Math.abs(one - (update[at] ?? 0))), 0);
  return { ms, mostError };
}

async function repeated<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const readings: T[] = [];
  for (let time = 0; time < times; time += 1) readings.push(await work());
  return readings;
}

/**
 * Secure aggregation of 1.66 M weights with a tenth of the nodes gone: one node's CPU time by stage among 100, its bytes beside a plain
 * upload of 4 bytes a weight, and the server's last step with 20 nodes and, once, with 100.
 */
export async function measureSecureAggregation() {
  await measureNode();
  const nodes = await repeated(repeats, measureNode);
  const twenty = await repeated(3, () => measureServer(20));
  const hundred = await measureServer(clients);
  const stages = Object.keys(nodes[0]?.cpuMs ?? {}) as (keyof (typeof nodes)[0]['cpuMs'])[];
  return {
    weights,
    clients,
    dropouts: clients / 10,
    repeats,
    nodeCpuMs: {
      all: spread(nodes.map((reading) => Object.values(reading.cpuMs).reduce((sum, ms) => sum + ms, 0))),
      ...Object.fromEntries(
        stages.map((stage) => [stage, spread(nodes.map((reading) => reading.cpuMs[stage]))]),
      ),
    },
    goalNodeCpuMs: 1000,
    uploadByPlainFloat32: spread(nodes.map(({ uploadBytes }) => uploadBytes / (4 * weights))),
    goalUploadByPlainFloat32: 1.3,
    downloadBytesBesideModel: spread(nodes.map(({ downloadBytes }) => downloadBytes)),
    serverUnmaskCpuMs: { of20: spread(twenty.map(({ ms }) => ms)), of100Once: Math.round(hundred.ms) },
    mostErrorOfMean: spread([...twenty, hundred].map(({ mostError }) => mostError)),
  };
}
