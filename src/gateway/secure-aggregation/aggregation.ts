import { AppError } from '#contract/errors.ts';
import { isUsableKey } from '#contract/federated/key-agreement.ts';
import { addVector, applyMasks } from '#contract/federated/masks.ts';
import { type Aggregate, dequantisedMean } from '#contract/federated/quantisation.ts';
import {
  type Advertisement,
  messageText,
  type NodeMessage,
  nodeMessageSchema,
  type PeerList,
  parsedMessage,
  type RoundStage,
  roundStages,
  type ShareDelivery,
  type SharesMessage,
  type SurvivorList,
  type SurvivorSignature,
  survivorText,
  type UnmaskAnswer,
  type UnmaskRequest,
} from '#contract/federated/round-messages.ts';
import {
  checkedParameters,
  type RoundParameters,
  roundContext,
} from '#contract/federated/round-parameters.ts';
import { type SecretKind, shareSha256 } from '#contract/federated/secret-sharing.ts';
import { readVectorFrame, vectorText } from '#contract/federated/vector-frame.ts';
import { verifyText } from '../ed25519.ts';
import { recoveredMasks, type SecretToRecover } from './recovery.ts';

/** What goes out when a stage closes; the last one brings the aggregate. */
export type ClosedStage =
  | { stage: 'setup'; to: string[]; message: PeerList }
  | { stage: 'share-keys'; messages: Map<string, ShareDelivery> }
  | { stage: 'collect-masked-vectors'; to: string[]; message: SurvivorList }
  | { stage: 'consistency'; to: string[]; message: UnmaskRequest }
  | { stage: 'unmask'; result: AggregationResult };

export interface AggregationResult extends Aggregate {
  /** Whose updates are in the mean. */
  contributors: string[];
  /** Nodes that handed out shares other than those they were given. */
  badNodes: string[];
}

/**
 * The server of one round. It takes the nodes' messages as they come and closes a stage when its caller says so: deadlines are the
 * caller's. Of the vectors it keeps the sum alone.
 */
export interface Aggregation {
  readonly parameters: RoundParameters;
  readonly stage: RoundStage | 'done' | 'failed';
  /** Nodes that may still answer this stage; when there are none, waiting longer brings nothing. */
  missing(): string[];
  /**
   * A JSON message, or a masked vector's frame. A message that is refused changes nothing; throws `training/round-malformed`,
   * `training/round-out-of-step` (late, early, or twice), `training/round-untrusted` (another round's, or a stranger's) or
   * `auth/bad-signature`.
   */
  receive(message: unknown): void;
  /** Throws `training/round-too-few` below the threshold, `training/round-bad-peer` with the nodes at fault; then the round has failed. */
  closeStage(signal?: AbortSignal): Promise<ClosedStage>;
}

/** Throws `training/round-malformed` or `training/round-unsafe`. */
export function createAggregation(offered: unknown): Aggregation {
  const parameters = checkedParameters(offered);
  const context = roundContext(parameters);
  const { threshold } = parameters;
  const advertisements = new Map<string, Advertisement>();
  const shares = new Map<string, SharesMessage>();
  const vectors = new Set<string>();
  const signatures = new Map<string, SurvivorSignature>();
  const answers = new Map<string, UnmaskAnswer>();
  const sum = new Uint32Array(parameters.vector_length + 1);
  let stage: Aggregation['stage'] = 'setup';
  let isClosing = false;

  const collected = {
    setup: advertisements,
    'share-keys': shares,
    'collect-masked-vectors': vectors,
    consistency: signatures,
    unmask: answers,
  } as const;

  /** Who may answer a stage: those that answered the one before. */
  function allowed(of: RoundStage): readonly string[] {
    const before = roundStages[roundStages.indexOf(of) - 1];
    return before ? [...collected[before].keys()].sort() : parameters.participants;
  }
  const dead = () => [...shares.keys()].filter((node) => !vectors.has(node)).sort();
  const living = () => [...vectors].sort();

  function admit(of: RoundStage, node: string, itsContext: string): void {
    if (itsContext !== context)
      throw new AppError('training/round-untrusted', 'The message is of another round or other parameters.');
    if (stage !== of || isClosing)
      throw new AppError('training/round-out-of-step', `The round is at “${stage}”, not at “${of}”.`, {
        data: { next: stage, stage: of },
      });
    if (!allowed(of).includes(node))
      throw new AppError('training/round-untrusted', `${node} has no part in this stage.`);
    if (collected[of].has(node))
      throw new AppError('training/round-out-of-step', `${node} has answered this stage.`);
  }

  function demandSignature(text: string, signature: string, node: string): void {
    if (!verifyText(text, signature, node))
      throw new AppError('auth/bad-signature', `The message is not signed by ${node}.`);
  }

  function receiveVector(frame: Uint8Array): void {
    const { context: itsContext, node, signature, vector } = readVectorFrame(frame, sum.length);
    admit('collect-masked-vectors', node, itsContext);
    demandSignature(vectorText(context, node, vector), signature, node);
    addVector(sum, vector);
    vectors.add(node);
  }

  function receiveMessage(message: NodeMessage): void {
    const { node } = message;
    admit(message.stage, node, message.context);
    const text =
      message.stage === 'consistency' ? survivorText(context, living(), dead()) : messageText(message);
    demandSignature(text, message.signature, node);
    const refuse = (fault: string | null) => {
      if (fault) throw new AppError('training/round-untrusted', fault);
    };
    switch (message.stage) {
      case 'setup':
        refuse(advertisementFault(message, advertisements.values()));
        advertisements.set(node, message);
        break;
      case 'share-keys': {
        const others = allowed('share-keys').filter((other) => other !== node);
        refuse(
          isExactly(
            message.shares.map(({ to }) => to),
            others,
          )
            ? null
            : 'The shares are not one for each peer.',
        );
        shares.set(node, message);
        break;
      }
      case 'consistency':
        signatures.set(node, message);
        break;
      case 'unmask':
        refuse(
          isWithin(
            message.mask_key_shares.map(({ of }) => of),
            dead(),
          ) &&
            isWithin(
              message.seed_shares.map(({ of }) => of),
              living(),
            )
            ? null
            : 'The shares are not those that were asked for.',
        );
        answers.set(node, message);
        break;
    }
  }

  function delivery(to: string): ShareDelivery {
    const parts = [...shares.values()].flatMap(({ node: from, shares: dealt }) =>
      dealt.filter((share) => share.to === to).map(({ to: _, ...share }) => ({ from, ...share })),
    );
    return { stage: 'collect-masked-vectors', shares: parts };
  }

  /** The revealed shares of one secret that are those its dealer signed; who revealed another one is put down. */
  function revealedShares(kind: SecretKind, of: string, badNodes: Set<string>): Uint8Array[] {
    const dealt = shares.get(of);
    const digests = new Map(
      dealt?.shares.map((share) => [
        share.to,
        kind === 'seed' ? share.seed_share_sha256 : share.mask_key_share_sha256,
      ]),
    );
    if (dealt && kind === 'seed') digests.set(of, dealt.own_seed_share_sha256);
    const good: Uint8Array[] = [];
    for (const [to, answer] of answers) {
      const list = kind === 'seed' ? answer.seed_shares : answer.mask_key_shares;
      const found = list.find((share) => share.of === of);
      if (!found) continue;
      const share = new Uint8Array(Buffer.from(found.share, 'base64'));
      if (shareSha256(share, { context, kind, of, to }) === digests.get(to)) good.push(share);
      else badNodes.add(to);
    }
    return good;
  }

  async function unmasked(signal?: AbortSignal): Promise<AggregationResult> {
    const badNodes = new Set<string>();
    const known = (node: string) => advertisements.get(node) ?? [];
    const secret =
      (kind: SecretKind) =>
      (dealer: Advertisement): SecretToRecover => ({
        kind,
        dealer,
        shares: revealedShares(kind, dealer.node, badNodes),
      });
    const contributors = living();
    const survivors = contributors.flatMap(known);
    const secrets = [...survivors.map(secret('seed')), ...dead().flatMap(known).map(secret('mask-key'))];
    const { masks, unrecovered } = await recoveredMasks(secrets, survivors, { context, threshold });
    if (unrecovered.length > 0) {
      const nodes = [...new Set([...badNodes, ...unrecovered])].sort();
      throw new AppError(
        'training/round-bad-peer',
        `The masks of ${unrecovered.join(', ')} cannot be recovered.`,
        {
          data: { nodes, unrecovered, badShares: [...badNodes].sort() },
        },
      );
    }
    await applyMasks(sum, masks, signal);
    const aggregate = dequantisedMean(sum, contributors.length, parameters);
    return { ...aggregate, contributors, badNodes: [...badNodes].sort() };
  }

  function closed(of: RoundStage, signal?: AbortSignal): ClosedStage | Promise<ClosedStage> {
    switch (of) {
      case 'setup': {
        const list = [...advertisements.values()].sort((one, other) => (one.node < other.node ? -1 : 1));
        return {
          stage: of,
          to: [...advertisements.keys()],
          message: { stage: 'share-keys', advertisements: list },
        };
      }
      case 'share-keys':
        return { stage: of, messages: new Map([...shares.keys()].map((node) => [node, delivery(node)])) };
      case 'collect-masked-vectors':
        return { stage: of, to: living(), message: { stage: 'consistency', living: living(), dead: dead() } };
      case 'consistency': {
        const signed = [...signatures.values()].map(({ node, signature }) => ({ node, signature }));
        const message: UnmaskRequest = {
          stage: 'unmask',
          living: living(),
          dead: dead(),
          signatures: signed,
        };
        return { stage: of, to: [...signatures.keys()], message };
      }
      case 'unmask':
        return unmasked(signal).then((result) => ({ stage: of, result }));
    }
  }

  return {
    parameters,
    get stage() {
      return stage;
    },
    missing() {
      if (stage === 'done' || stage === 'failed') return [];
      const done = collected[stage];
      return allowed(stage).filter((node) => !done.has(node));
    },
    receive(message) {
      if (message instanceof Uint8Array) receiveVector(message);
      else receiveMessage(parsedMessage(nodeMessageSchema, message));
    },
    async closeStage(signal) {
      const of = stage;
      if (of === 'done' || of === 'failed' || isClosing)
        throw new AppError('training/round-out-of-step', 'The round has no stage to close.');
      isClosing = true;
      try {
        const count = collected[of].size;
        if (count < threshold)
          throw new AppError(
            'training/round-too-few',
            `${count} answers at “${of}” are fewer than the threshold of ${threshold}.`,
            { data: { stage: of, count, threshold } },
          );
        const result = await closed(of, signal);
        stage = roundStages[roundStages.indexOf(of) + 1] ?? 'done';
        return result;
      } catch (error) {
        stage = 'failed';
        throw error;
      } finally {
        isClosing = false;
        if (stage === 'failed' || stage === 'done') sum.fill(0);
      }
    },
  };
}

function advertisementFault(message: Advertisement, others: Iterable<Advertisement>): string | null {
  const keys = [message.cipher_key, message.mask_key];
  if (keys[0] === keys[1]) return 'The two one-time keys are the same.';
  for (const other of others)
    if (keys.includes(other.cipher_key) || keys.includes(other.mask_key))
      return 'A one-time key is another node’s.';
  return keys.every((key) => isUsableKey(new Uint8Array(Buffer.from(key, 'base64'))))
    ? null
    : 'A one-time key is of low order.';
}

const isWithin = (list: string[], all: string[]) =>
  new Set(list).size === list.length && list.every((node) => all.includes(node));
const isExactly = (list: string[], all: string[]) => list.length === all.length && isWithin(list, all);
