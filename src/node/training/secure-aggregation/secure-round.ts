import { AppError } from '#contract/errors.ts';
import { agreementKey, newPrivateKey, pairMask } from '#contract/federated/key-agreement.ts';
import { applyMasks, type Mask } from '#contract/federated/masks.ts';
import {
  type Advertisement,
  messageText,
  parsedMessage,
  peerListSchema,
  type SharesMessage,
  type SurvivorSignature,
  shareDeliverySchema,
  survivorListSchema,
  survivorText,
  type UnmaskAnswer,
  unmaskRequestSchema,
} from '#contract/federated/round-messages.ts';
import {
  checkedParameters,
  type RoundParameters,
  roundContext,
} from '#contract/federated/round-parameters.ts';
import type { PairOfShares } from '#contract/federated/sealed-shares.ts';
import { seedSha256, shareSha256 } from '#contract/federated/secret-sharing.ts';
import { vectorFrame, vectorText } from '#contract/federated/vector-frame.ts';
import type { SigningKey } from '#node/link/ed25519.ts';
import { dealShares, fromBase64, openedShares, toBase64 } from './dealt-shares.ts';
import { membersFault, peerListFault, survivorsFault, unmaskFault } from './round-checks.ts';
import { parsedRoundState, type RoundState } from './round-state.ts';

export interface RoundOptions {
  /** As the server offered them; checked here. */
  parameters: unknown;
  /** The model that this node trains: a round for another one is refused. */
  modelSha256: string;
  nodeKey: SigningKey;
  /** Node keys that this node was told of by someone else than the round's server. */
  knownNodes: ReadonlySet<string>;
}

/**
 * A node's part in one round of secure aggregation (Bonawitz et al. 2017, against a server that may lie; SecAgg+ weights). One method a
 * stage, each good once: it takes the server's message and returns the answer. Store `state()` before an answer is sent.
 * A message that does not parse throws `training/round-malformed` and changes nothing. One that breaks the protocol throws
 * `training/round-untrusted`: the round is over and its secrets are gone. `training/round-out-of-step` for a stage that is not next.
 */
export interface SecureRound {
  readonly parameters: RoundParameters;
  readonly next: RoundState['next'];
  setup(): Advertisement;
  shareKeys(peerList: unknown): Promise<SharesMessage>;
  /** Masks what `quantise` made, in place, and returns the frame to be sent. */
  maskVector(
    delivery: unknown,
    quantised: Uint32Array,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>>;
  signSurvivors(survivorList: unknown): SurvivorSignature;
  unmask(unmaskRequest: unknown): UnmaskAnswer;
  /** JSON with secrets: only for a file that nobody else reads. */
  state(): RoundState;
  /** Forgets the secrets; the others count this node among the dead. */
  leave(): void;
}

/**
 * Begins a round, with new secrets; that it is a new one is for the caller to see to. Throws `training/round-malformed`,
 * `training/round-unsafe` or `training/round-untrusted`.
 */
export function openRound(options: RoundOptions): SecureRound {
  const parameters = acceptedParameters(options);
  const secret = () => toBase64(newPrivateKey());
  return secureRound(options.nodeKey, parameters, {
    v: 1,
    context: roundContext(parameters),
    node: options.nodeKey.publicKey,
    next: 'setup',
    secrets: { cipherKey: secret(), maskKey: secret(), seed: secret() },
    peers: [],
    ownSeedShare: null,
    members: [],
    held: [],
    survivors: null,
  });
}

/** Goes on after a restart. Throws as `openRound`, and `training/round-untrusted` where the state is another round's or node's. */
export function resumeRound(options: RoundOptions, stored: unknown): SecureRound {
  const parameters = acceptedParameters(options);
  const state = parsedRoundState(stored);
  if (state.context !== roundContext(parameters) || state.node !== options.nodeKey.publicKey)
    throw new AppError('training/round-untrusted', 'The stored state is not of this round and node.');
  return secureRound(options.nodeKey, parameters, state);
}

function acceptedParameters({ parameters, modelSha256, nodeKey, knownNodes }: RoundOptions): RoundParameters {
  const checked = checkedParameters(parameters);
  if (checked.modelSha256 !== modelSha256)
    throw new AppError('training/round-untrusted', 'The round is for another model.');
  if (!checked.participants.includes(nodeKey.publicKey))
    throw new AppError('training/round-untrusted', 'This node is not among the participants.');
  const unknown = checked.participants.find((node) => node !== nodeKey.publicKey && !knownNodes.has(node));
  if (unknown)
    throw new AppError('training/round-untrusted', `${unknown} takes part and is not known to this node.`, {
      data: { node: unknown },
    });
  return checked;
}

function secureRound(nodeKey: SigningKey, parameters: RoundParameters, stored: RoundState): SecureRound {
  const own = nodeKey.publicKey;
  const { context } = stored;
  const { threshold } = parameters;
  let { next, peers, members, survivors } = stored;
  let secrets = stored.secrets && {
    cipherKey: fromBase64(stored.secrets.cipherKey),
    maskKey: fromBase64(stored.secrets.maskKey),
    seed: fromBase64(stored.secrets.seed),
  };
  let ownSeedShare: Uint8Array | null = stored.ownSeedShare === null ? null : fromBase64(stored.ownSeedShare);
  let held = new Map<string, PairOfShares>(
    stored.held.map(({ of, maskKey, seed }) => [
      of,
      { maskKey: fromBase64(maskKey), seed: fromBase64(seed) },
    ]),
  );

  function forgetOwnSecrets(): void {
    for (const secret of Object.values(secrets ?? {})) secret.fill(0);
    secrets = null;
  }

  function end(): void {
    next = 'over';
    forgetOwnSecrets();
    ownSeedShare?.fill(0);
    ownSeedShare = null;
    for (const { maskKey, seed } of held.values()) {
      maskKey.fill(0);
      seed.fill(0);
    }
    held.clear();
  }

  function expect(stage: RoundState['next']): void {
    if (next !== stage)
      throw new AppError('training/round-out-of-step', `The round is at “${next}”, not at “${stage}”.`, {
        data: { next, stage },
      });
  }

  function demand(fault: string | null): void {
    if (fault === null) return;
    end();
    throw new AppError('training/round-untrusted', fault);
  }

  function ownSecrets() {
    if (!secrets) throw new AppError('training/round-out-of-step', 'The secrets of this round are gone.');
    return secrets;
  }

  /** A step that fails halfway ends the round: it cannot be known what it left behind. */
  async function whole<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      end();
      throw error;
    }
  }

  const signed = <M extends Parameters<typeof messageText>[0]>(message: Omit<M, 'signature'>): M => {
    const unsigned = { ...message, signature: '' } as M;
    return { ...unsigned, signature: nodeKey.sign(messageText(unsigned)) };
  };

  function advertisement(): Advertisement {
    const { cipherKey, maskKey, seed } = ownSecrets();
    return signed<Advertisement>({
      stage: 'setup',
      context,
      node: own,
      cipherKey: toBase64(agreementKey(cipherKey).publicKey),
      maskKey: toBase64(agreementKey(maskKey).publicKey),
      seedSha256: seedSha256(seed, context, own),
    });
  }

  function masksOf({ maskKey, seed }: { maskKey: Uint8Array; seed: Uint8Array }): Mask[] {
    const key = agreementKey(maskKey);
    const others = new Set(members);
    return [
      { seed, sign: 1 },
      ...peers
        .filter(({ node }) => node !== own && others.has(node))
        .map(({ node, maskKey }) =>
          pairMask({ node: own, key }, { node, publicKey: fromBase64(maskKey) }, context),
        ),
    ];
  }

  return {
    parameters,
    get next() {
      return next;
    },
    setup() {
      expect('setup');
      next = 'share-keys';
      return advertisement();
    },
    async shareKeys(message) {
      expect('share-keys');
      const list = parsedMessage(peerListSchema, message);
      demand(peerListFault(list, advertisement(), parameters));
      next = 'collect-masked-vectors';
      peers = list.advertisements;
      return whole(async () => {
        const { cipherKey, maskKey, seed } = ownSecrets();
        const ownKey = agreementKey(cipherKey);
        const dealt = await dealShares({ context, own, ownKey, peers }, { maskKey, seed }, threshold);
        // Who left in the meantime has wiped what was being dealt.
        ownSecrets();
        const kept = dealt.ownSeedShare;
        ownSeedShare = kept;
        return signed<SharesMessage>({
          stage: 'share-keys',
          context,
          node: own,
          shares: dealt.shares,
          ownSeedShareSha256: shareSha256(kept, { context, kind: 'seed', of: own, to: own }),
        });
      });
    },
    async maskVector(message, quantised, signal) {
      expect('collect-masked-vectors');
      const { shares } = parsedMessage(shareDeliverySchema, message);
      if (quantised.length !== parameters.vectorLength + 1)
        throw new AppError(
          'training/bad-update',
          `${quantised.length} entries are not the ${parameters.vectorLength + 1} of this round.`,
        );
      const senders = shares.map(({ from }) => from);
      demand(
        membersFault(
          senders,
          own,
          peers.map(({ node }) => node),
          threshold,
        ),
      );
      // From here on no second vector can be masked with these keys, whatever happens.
      next = 'consistency';
      members = [own, ...senders].sort();
      return whole(async () => {
        const { cipherKey, maskKey, seed } = ownSecrets();
        held = openedShares({ context, own, ownKey: agreementKey(cipherKey), peers }, shares);
        const masks = masksOf({ maskKey, seed });
        await applyMasks(quantised, masks, signal);
        // Who left in the meantime has wiped a key that was in use: nothing masked with it may leave.
        ownSecrets();
        for (const mask of masks) mask.seed.fill(0);
        forgetOwnSecrets();
        const signature = nodeKey.sign(vectorText(context, own, quantised));
        return vectorFrame({ context, node: own, signature, vector: quantised });
      });
    },
    signSurvivors(message) {
      expect('consistency');
      const list = parsedMessage(survivorListSchema, message);
      demand(survivorsFault(list, own, members, threshold));
      next = 'unmask';
      survivors = { living: [...list.living].sort(), dead: [...list.dead].sort() };
      const signature = nodeKey.sign(survivorText(context, survivors.living, survivors.dead));
      return { stage: 'consistency', context, node: own, signature };
    },
    unmask(message) {
      expect('unmask');
      const request = parsedMessage(unmaskRequestSchema, message);
      const lists = survivors ?? { living: [], dead: [] };
      demand(unmaskFault(request, lists, context, threshold));
      const share = (of: string, bytes: Uint8Array | null | undefined) =>
        bytes ? [{ of, share: toBase64(bytes) }] : [];
      const answer = signed<UnmaskAnswer>({
        stage: 'unmask',
        context,
        node: own,
        maskKeyShares: lists.dead.flatMap((of) => share(of, held.get(of)?.maskKey)),
        seedShares: lists.living.flatMap((of) => share(of, of === own ? ownSeedShare : held.get(of)?.seed)),
      });
      end();
      return answer;
    },
    state: () => ({
      v: 1,
      context,
      node: own,
      next,
      secrets: secrets && {
        cipherKey: toBase64(secrets.cipherKey),
        maskKey: toBase64(secrets.maskKey),
        seed: toBase64(secrets.seed),
      },
      peers,
      ownSeedShare: ownSeedShare && toBase64(ownSeedShare),
      members,
      held: [...held].map(([of, { maskKey, seed }]) => ({
        of,
        maskKey: toBase64(maskKey),
        seed: toBase64(seed),
      })),
      survivors,
    }),
    leave: end,
  };
}
