import { canonicalJson } from '#contract/canonical-json.ts';
import { AppError } from '#contract/errors.ts';
import { type JoinAnswer, type OfferedTask, roundOfferText } from '#contract/federated/rounds.ts';
import { type SigningKey, sha256Hex } from '#node/link/ed25519.ts';
import type { FederatedCalls } from '#node/link/federated-calls.ts';
import type { NodeKey } from '#node/link/node-key.ts';
import { createScriptedRounds, smallTask } from './scripted-rounds.ts';

/** A gateway in memory that lets the node wait once and then has one round for it, unless it has been in that round. */
export function createRoundGateway(options: {
  key: NodeKey;
  signer: SigningKey;
  knows(roundId: string): boolean;
}) {
  const scripted = createScriptedRounds({ key: options.key, deadlineMs: Date.now() + 3_600_000 });
  const offered: OfferedTask = {
    task: smallTask,
    task_sha256: sha256Hex(canonicalJson(smallTask)),
    training: scripted.offer.training,
    strategy: 'fedavg',
    secure_aggregation: 'off',
    participants: { min: 1, max: 1 },
    round_minutes: 5,
    reward_lamports: '1000',
    model_version: 3,
    model_sha256: scripted.offer.model_sha256,
    accuracy: null,
  };
  const offer = { ...scripted.offer, task_sha256: offered.task_sha256 };
  const gateway = {
    ...scripted,
    offer,
    signer: options.signer,
    joins: 0,
    asks: 0,
    isAway: false,
    calls: {
      ...scripted.calls,
      async tasks(): Promise<OfferedTask[]> {
        gateway.asks += 1;
        if (gateway.isAway) throw new AppError('link/unreachable', 'It is away.');
        return [offered];
      },
      async join(): Promise<JoinAnswer> {
        gateway.joins += 1;
        if (gateway.joins === 1 || options.knows(offer.round_id))
          return { status: 'waiting', poll_seconds: 0.05 };
        return {
          status: 'selected',
          offer,
          signature: gateway.signer.sign(roundOfferText(canonicalJson(offer))),
        };
      },
    } as FederatedCalls,
  };
  return gateway;
}
