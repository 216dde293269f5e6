import { canonicalJson } from '#contract/canonical-json.ts';
import { AppError } from '#contract/errors.ts';
import { type RoundOutcome, roundRequestId, trainingPayer } from '#contract/federated/rounds.ts';
import { trainingFeeOf } from '#contract/money.ts';
import { type Receipt, receiptText } from '#contract/wire/receipt.ts';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { sha256Hex } from '../link/ed25519.ts';
import type { NodeKey } from '../link/node-key.ts';
import type { RoundBooks } from './round-ports.ts';
import type { RoundRecord } from './round-record.ts';

/**
 * Books the reward of a round that counted, with a receipt over just what was delivered: the global model that came, the update that
 * went. The fee is worked out here too: a gateway that takes more is disputed.
 */
export function createRoundBooks(options: {
  ledger: Ledger;
  key: NodeKey;
  clock: Clock;
  /** `SOL`, or the mint that a gateway pays with. */
  assetOf(gatewayKey: string): string;
  onBooked(): void;
}): RoundBooks {
  const { ledger, key, clock } = options;
  return {
    book(record, outcome, updateSha256) {
      if (!outcome.counted) return;
      const priceLamports = BigInt(outcome.reward.price_lamports);
      const { offer, gatewayUrl, gatewayKey, network, task } = record.selected;
      const asset = gatewayKey === null ? 'SOL' : options.assetOf(gatewayKey);
      const receipted = gatewayKey === null || network === null ? null : { gatewayKey, network, asset };
      ledger.append({
        at: clock.now(),
        requestId: roundRequestId(record.roundId, key.publicKey),
        gatewayUrl,
        network: network ?? 'unknown',
        asset,
        model: task.taskId,
        payer: gatewayKey === null ? 'unknown' : trainingPayer(gatewayKey),
        promptTokens: 0,
        generatedTokens: 0,
        priceLamports,
        feeLamports: receipted ? trainingFeeOf(priceLamports) : 0n,
        durationMs: clock.now() - record.startedAt,
        training: { roundId: record.roundId, taskName: task.name },
        ...(receipted
          ? {
              sign: (seq: number) =>
                signed({ ...receipted, seq, inputSha256: offer.model_sha256, updateSha256 }, record, outcome),
            }
          : {}),
      });
      options.onBooked();
    },
  };

  function signed(
    known: Pick<Receipt, 'network' | 'asset' | 'seq'> & {
      gatewayKey: string;
      inputSha256: string;
      updateSha256: string;
    },
    record: RoundRecord,
    outcome: Extract<RoundOutcome, { state: 'done' }>,
  ) {
    const { task, offer } = record.selected;
    const { gatewayKey, network, asset, seq, inputSha256, updateSha256 } = known;
    const receipt: Receipt = {
      v: 1,
      request_id: roundRequestId(record.roundId, key.publicKey),
      node_id: key.nodeId,
      node_key: key.publicKey,
      gateway: gatewayKey,
      payer: trainingPayer(gatewayKey),
      model: task.taskId,
      config_sha256: sha256Hex(canonicalJson(offer.training)),
      input_sha256: inputSha256,
      output_sha256: updateSha256,
      tokens_prompt: 0,
      tokens_generated: 0,
      price_atomic: outcome.reward.price_lamports,
      asset,
      network,
      seq,
      issued_at: Math.floor(clock.now() / 1000),
    };
    return { receipt, signature: key.sign(receiptText(receipt)) };
  }
}

/**
 * Throws `training/other-update` where a gateway that signs counts another update than the one this node sent: a receipt would vouch for
 * what never left here. With secure aggregation that is the sealed masked frame.
 */
export function checkCounted(
  { selected }: Pick<RoundRecord, 'selected'>,
  outcome: Extract<RoundOutcome, { state: 'done' }>,
  updateSha256: string,
): void {
  if (selected.gatewayKey === null || !outcome.counted || outcome.update_sha256 === updateSha256) return;
  throw new AppError(
    'training/other-update',
    outcome.update_sha256 === null
      ? 'The gateway counted this node’s update without saying which it was.'
      : 'The update that the gateway counted is not the one that this node sent.',
    { data: { counted: outcome.update_sha256, sent: updateSha256 } },
  );
}
