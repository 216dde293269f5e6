import { canonicalJson } from '#contract/canonical-json.ts';
import { AppError } from '#contract/errors.ts';
import {
  type OfferedTask,
  plainStrategies,
  type RoundOffer,
  roundOfferText,
} from '#contract/federated/rounds.ts';
import { sha256Hex, verifyText } from '../link/ed25519.ts';

const longestRoundMs = 24 * 3_600_000;
const fewestSecureNodes = 3;

export interface OfferContext {
  /** base58, as `GET /` of the gateway gave it when the node registered; null for a plain gateway, which signs nothing. */
  gatewayKey: string | null;
  nodeKey: string;
  /** The task as it was advertised, and joined. */
  offered: OfferedTask;
  nowMs: number;
  /** Whether this node took part in such a round before. */
  knows(roundId: string): boolean;
}

/**
 * Looks an offer through before anything is done for it: a gateway can no more change what was advertised (task, reward, privacy,
 * secure aggregation) than play a round a second time. Throws `training/bad-offer` with what is wrong.
 */
export function checkOffer(offer: RoundOffer, signature: string, context: OfferContext): void {
  const { offered } = context;
  const refuse = (reason: string): never => {
    throw new AppError('training/bad-offer', `The gateway’s offer of a round is refused: ${reason}.`, {
      data: { roundId: offer.round_id },
    });
  };
  const { gatewayKey } = context;
  if (gatewayKey !== null && !verifyText(roundOfferText(canonicalJson(offer)), signature, gatewayKey))
    refuse('the gateway’s signature does not fit');
  if (context.knows(offer.round_id)) refuse('this round came before');
  if (offer.task_id !== offered.task.taskId || offer.task_sha256 !== taskSha256(offered))
    refuse('it is for another task');
  if (offer.deadline_ms <= context.nowMs) refuse('its deadline has passed');
  if (offer.deadline_ms > context.nowMs + longestRoundMs) refuse('its deadline is more than a day away');
  if (offer.strategy !== offered.strategy) refuse('its strategy is not the advertised one');
  if (canonicalJson(offer.training) !== canonicalJson(offered.training))
    refuse('its training or privacy is not the advertised one');
  // A plain gateway advertises nothing itself: anybody may have told of its round, so what it offers stands.
  if (gatewayKey !== null && BigInt(offer.reward_lamports) < BigInt(offered.reward_lamports))
    refuse(`it pays ${offer.reward_lamports} lamports where ${offered.reward_lamports} were advertised`);
  if (new Set(offer.node_keys).size !== offer.node_keys.length) refuse('it names a node twice');
  if (!offer.node_keys.includes(context.nodeKey)) refuse('this node is not among its nodes');
  if ((offer.control_sha256 !== undefined) !== (offer.strategy === 'scaffold'))
    refuse('control variates and strategy do not fit');
  if (offer.secure === null) {
    const { secure_aggregation } = offered;
    const isPossible = secure_aggregation === 'where-possible' && offer.node_keys.length >= fewestSecureNodes;
    if (secure_aggregation === 'required' || isPossible) refuse('secure aggregation was promised');
    return;
  }
  if (offered.secure_aggregation === 'off') refuse('secure aggregation was not advertised');
  if (plainStrategies.includes(offer.strategy)) refuse('its strategy would have to see each update');
  const nodes = offer.node_keys.length;
  if (nodes < fewestSecureNodes) refuse('two nodes cannot hide their updates in a sum');
  if (offer.secure.threshold * 2 <= nodes || offer.secure.threshold > nodes)
    refuse(`a threshold of ${offer.secure.threshold} of ${nodes} nodes is not safe`);
}

const taskSha256 = ({ task }: OfferedTask): string => sha256Hex(canonicalJson(task));
