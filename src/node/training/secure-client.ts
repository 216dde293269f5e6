import { AppError } from '#contract/errors.ts';
import { offeredParameters } from '#contract/federated/offered-parameters.ts';
import { quantise } from '#contract/federated/quantisation.ts';
import type { RoundOffer } from '#contract/federated/rounds.ts';
import type { SigningKey } from '../link/ed25519.ts';
import { openRound, resumeRound } from './secure-aggregation/secure-round.ts';

/** Stages that a node answers with JSON. */
export type Stage = 'keys' | 'shares' | 'consistency' | 'unmask';

/** What lies in the round's folder: the protocol's state with its secrets, and each answer, which is given again as it was. */
interface Saved {
  state: unknown;
  answers: Partial<Record<Stage, unknown>>;
}

/**
 * This node's side of secure aggregation in one round. Each answer is stored with the state before it is returned, so that a node that
 * dies in between says the same again. Throws `training/round-*` where the gateway or a peer breaks the protocol.
 */
export interface SecureClient {
  /** Whether the answer of a stage is stored: its message has come, and is not needed again. */
  has(stage: Stage): boolean;
  keys(): unknown;
  shares(message: unknown): Promise<unknown>;
  /** Whether the vector was masked, and its frame stored. */
  isMasked(): boolean;
  /** The masked frame. It must be stored before `masked`, and sent only after it: masked twice an update gives itself away. */
  mask(message: unknown, vector: Float32Array, examples: number, signal: AbortSignal): Promise<Uint8Array>;
  masked(): void;
  consistency(message: unknown): unknown;
  unmask(message: unknown): unknown;
}

export type OpenSecureClient = (options: {
  offer: RoundOffer;
  /** Numbers in the model. */
  parameters: number;
  saved: Uint8Array | null;
  save(state: Uint8Array): void;
}) => SecureClient;

export const secureClients =
  (nodeKey: SigningKey): OpenSecureClient =>
  ({ offer, parameters, saved, save }) => {
    const agreed = offeredParameters(offer, parameters);
    if (!agreed) throw new AppError('training/bad-offer', 'The round is not a secure one.');
    const options = {
      parameters: agreed,
      modelSha256: offer.model_sha256,
      nodeKey,
      // The gateway vouches for who takes part; with its own nodes among them it could still not do without a threshold of others.
      knownNodes: new Set(offer.node_keys),
    };
    const before = saved ? (JSON.parse(Buffer.from(saved).toString()) as Saved) : null;
    const answers = before?.answers ?? {};
    const round = before
      ? resumeRound(options, before.state)
      : // That a round is new was seen to when the offer was checked against the log.
        openRound(options);
    const store = () => save(Buffer.from(JSON.stringify({ state: round.state(), answers } satisfies Saved)));

    function answer<T>(stage: Stage, make: () => T): T {
      if (answers[stage] === undefined) {
        answers[stage] = make();
        store();
      }
      return answers[stage] as T;
    }

    return {
      has: (stage) => answers[stage] !== undefined,
      keys: () => answer('keys', round.setup),
      async shares(message) {
        const shares = answers.shares ?? (await round.shareKeys(message));
        return answer('shares', () => shares);
      },
      isMasked: () =>
        round.next !== 'setup' && round.next !== 'share-keys' && round.next !== 'collect-masked-vectors',
      mask(message, vector, examples, signal) {
        const weight = Math.min(examples, agreed.maxWeight);
        return round.maskVector(message, quantise(vector, weight, agreed), signal);
      },
      masked: store,
      consistency: (message) => answer('consistency', () => round.signSurvivors(message)),
      unmask: (message) => answer('unmask', () => round.unmask(message)),
    };
  };
