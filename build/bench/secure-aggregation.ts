import { quantise } from '#contract/federated/quantisation.ts';
import { createAggregation } from '#gateway/secure-aggregation/aggregation.ts';
import { closed, deliveryTo, nodeKeys, openRounds, roundParameters } from '#testing/secure-rounds.ts';
import { spread } from './statistics.ts';

const weights = 1_660_000;
const examples = 500;
const stages = ['setup', 'shareKeys', 'quantise', 'maskVector', 'signSurvivors', 'unmask'] as const;

/** CPU time of this process, user and system, in milliseconds. */
async function cpuMs<T>(work: () => T | Promise<T>): Promise<{ ms: number; value: T }> {
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, value };
}

const jsonBytes = (message: object) => Buffer.byteLength(JSON.stringify(message));

/**
 * A whole round in which a tenth of the nodes share keys and send no vector. CPU time of each surviving node by stage and of the server's
 * last step, the bytes of one node, and how far the mean is off.
 */
async function measureRound(count: number) {
  const keys = nodeKeys(count);
  const parameters = roundParameters(keys, { vectorLength: weights });
  const server = createAggregation(parameters);
  const nodes = openRounds(keys, parameters).map((round, index) => ({
    round,
    key: keys[index],
    ms: { setup: 0, shareKeys: 0, quantise: 0, maskVector: 0, signSurvivors: 0, unmask: 0 },
    uploadBytes: 0,
  }));
  const survivors = nodes.slice(0, Math.round(0.9 * count));
  const update = Float32Array.from({ length: weights }, (_, index) => Math.sin(index));

  async function stage(
    name: (typeof stages)[number],
    among: typeof nodes,
    work: (node: (typeof nodes)[number]) => object | Promise<object>,
  ): Promise<void> {
    for (const node of among) {
      const { ms, value } = await cpuMs(() => work(node));
      node.ms[name] = ms;
      node.uploadBytes += value instanceof Uint8Array ? value.length : jsonBytes(value);
      server.receive(value);
    }
  }

  await stage('setup', nodes, ({ round }) => round.setup());
  const { message: peerList } = await closed(server, 'setup');
  await stage('shareKeys', nodes, ({ round }) => round.shareKeys(peerList));
  const { messages } = await closed(server, 'share-keys');
  for (const node of survivors) {
    const quantised = await cpuMs(() => quantise(update, examples, parameters));
    node.ms.quantise = quantised.ms;
    await stage('maskVector', [node], ({ round, key }) =>
      round.maskVector(deliveryTo(messages, key), quantised.value),
    );
  }
  const { message: lists } = await closed(server, 'collect-masked-vectors');
  await stage('signSurvivors', survivors, ({ round }) => round.signSurvivors(lists));
  const { message: request } = await closed(server, 'consistency');
  await stage('unmask', survivors, ({ round }) => round.unmask(request));
  const unmasked = await cpuMs(() => closed(server, 'unmask'));
  const { mean } = unmasked.value.result;
  const downloads = [peerList, deliveryTo(messages, keys[0]), lists, request];
  return {
    nodes: survivors,
    serverMs: unmasked.ms,
    downloadBytes: downloads.reduce((sum, message) => sum + jsonBytes(message), 0),
    mostError: mean.reduce((most, value, at) => Math.max(most, Math.abs(value - (update[at] ?? 0))), 0),
  };
}

/**
 * Secure aggregation of 1.66 M weights with a tenth of the nodes gone: CPU time of a node by stage, spread over the 90 survivors of one
 * round of 100, its bytes beside a plain upload of 4 bytes a weight, and the server's last step with 20 nodes and, once, with 100.
 */
export async function measureSecureAggregation() {
  const small = [];
  for (let round = 0; round < 4; round += 1) small.push(await measureRound(20));
  const { nodes, ...large } = await measureRound(100);
  // The first round is a warm-up.
  const warm = small.slice(1);
  const total = (ms: (typeof nodes)[number]['ms']) => stages.reduce((sum, stage) => sum + ms[stage], 0);
  return {
    weights,
    clients: 100,
    dropouts: 10,
    nodeCpuMs: {
      all: spread(nodes.map(({ ms }) => total(ms))),
      ...Object.fromEntries(stages.map((stage) => [stage, spread(nodes.map(({ ms }) => ms[stage]))])),
    },
    goalNodeCpuMs: 1000,
    nodeCpuMsOf20: spread(warm.flatMap((round) => round.nodes.map(({ ms }) => total(ms)))),
    uploadByPlainFloat32: spread(nodes.map(({ uploadBytes }) => uploadBytes / (4 * weights))),
    goalUploadByPlainFloat32: 1.3,
    downloadBytesBesideModel: large.downloadBytes,
    serverUnmaskCpuMs: {
      of20: spread(warm.map(({ serverMs }) => serverMs)),
      of100Once: Math.round(large.serverMs),
    },
    mostErrorOfMean: Math.max(large.mostError, ...warm.map(({ mostError }) => mostError)),
  };
}
