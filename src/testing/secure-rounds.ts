import { generateKeyPairSync } from 'node:crypto';
import type {
  PeerList,
  ShareDelivery,
  SharesMessage,
  SurvivorList,
  UnmaskAnswer,
  UnmaskRequest,
} from '#contract/federated/round-messages.ts';
import {
  defaultQuantisation,
  defaultThreshold,
  type RoundParameters,
} from '#contract/federated/round-parameters.ts';
import {
  type Aggregation,
  type AggregationResult,
  type ClosedStage,
  createAggregation,
} from '#gateway/secure-aggregation/aggregation.ts';
import { type SigningKey, signingKey } from '#node/link/ed25519.ts';
import { openRound, type SecureRound } from '#node/training/secure-aggregation/secure-round.ts';

export const modelSha256 = 'ab'.repeat(32);

/** Signing keys of so many nodes, in the order of their public keys. */
export function nodeKeys(count: number): SigningKey[] {
  return Array.from({ length: count }, () =>
    signingKey(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
  ).sort((one, other) => (one.publicKey < other.publicKey ? -1 : 1));
}

let rounds = 0;

export function roundParameters(
  keys: readonly SigningKey[],
  wishes: Partial<RoundParameters> = {},
): RoundParameters {
  rounds += 1;
  return {
    v: 1,
    roundId: `round-${process.pid}-${rounds}`,
    modelSha256,
    participants: keys.map(({ publicKey }) => publicKey),
    threshold: defaultThreshold(keys.length),
    vectorLength: 16,
    ...defaultQuantisation,
    ...wishes,
  };
}

export function openRounds(keys: readonly SigningKey[], parameters: RoundParameters): SecureRound[] {
  const knownNodes = new Set(keys.map(({ publicKey }) => publicKey));
  return keys.map((nodeKey) => openRound({ parameters, modelSha256, nodeKey, knownNodes }));
}

/** Closes the stage that a test expects to be open. */
export async function closed<S extends ClosedStage['stage']>(
  server: Aggregation,
  stage: S,
): Promise<Extract<ClosedStage, { stage: S }>> {
  const result = await server.closeStage();
  if (result.stage !== stage) throw new Error(`The stage “${result.stage}” was open, not “${stage}”.`);
  return result as Extract<ClosedStage, { stage: S }>;
}

export function deliveryTo(messages: Map<string, ShareDelivery>, key: SigningKey | undefined): ShareDelivery {
  const delivery = messages.get(key?.publicKey ?? '');
  if (!delivery) throw new Error('Nothing is delivered to this node.');
  return delivery;
}

/** Plain sum of vectors modulo 2³². */
export function sumOf(vectors: readonly Uint32Array[]): Uint32Array {
  const [first = new Uint32Array()] = vectors;
  // A Uint32Array takes its entries modulo 2³².
  return first.map((_, at) => vectors.reduce((sum, vector) => sum + (vector[at] as number), 0));
}

/** All that a server sees in a round. */
export interface Transcript {
  parameters: RoundParameters;
  peerList?: PeerList;
  shares: Map<string, SharesMessage>;
  frames: Map<string, Uint8Array>;
  survivorList?: SurvivorList;
  unmaskRequest?: UnmaskRequest;
  answers: UnmaskAnswer[];
  result?: AggregationResult;
}

/**
 * A whole round. `answered[i]` is how many of the five stages node i answers before it is gone; a node that stops before its vector still
 * masks it, and the server sees it too late.
 */
export async function runRound(
  keys: readonly SigningKey[],
  parameters: RoundParameters,
  vectors: readonly Uint32Array[],
  answered: readonly number[] = keys.map(() => 5),
  spoil: (answer: UnmaskAnswer) => UnmaskAnswer = (answer) => answer,
): Promise<Transcript> {
  const server = createAggregation(parameters);
  const transcript: Transcript = { parameters, shares: new Map(), frames: new Map(), answers: [] };
  const nodes = openRounds(keys, parameters).map((round, index) => ({
    round,
    key: keys[index] as SigningKey,
    name: parameters.participants[index] as string,
    stages: answered[index] as number,
    vector: Uint32Array.from(vectors[index] as Uint32Array),
  }));
  const living = (stage: number) => nodes.filter(({ stages }) => stages >= stage);

  for (const { round } of living(1)) server.receive(round.setup());
  const setup = await closed(server, 'setup');
  transcript.peerList = setup.message;

  for (const { round, name } of living(2)) {
    const message = await round.shareKeys(setup.message);
    transcript.shares.set(name, message);
    server.receive(message);
  }
  const shared = await closed(server, 'share-keys');

  const maskedBy = async ({ round, key, name, vector }: (typeof nodes)[number]) => {
    const frame = await round.maskVector(deliveryTo(shared.messages, key), vector);
    transcript.frames.set(name, frame);
    return frame;
  };
  for (const node of living(3)) server.receive(await maskedBy(node));
  const masked = await closed(server, 'collect-masked-vectors');
  for (const node of nodes.filter(({ stages }) => stages === 2)) await maskedBy(node);
  transcript.survivorList = masked.message;

  for (const { round } of living(4)) server.receive(round.signSurvivors(masked.message));
  const consistent = await closed(server, 'consistency');
  transcript.unmaskRequest = consistent.message;

  for (const { round } of living(5)) {
    const answer = spoil(round.unmask(consistent.message));
    transcript.answers.push(answer);
    server.receive(answer);
  }
  const done = await closed(server, 'unmask');
  transcript.result = done.result;
  return transcript;
}

/** A round of seven with an honest server that has come to where a node awaits its second, third, fourth or fifth message. */
export async function roundAt(keys: readonly SigningKey[]) {
  const parameters = roundParameters(keys, { threshold: 5 });
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
