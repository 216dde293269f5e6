import { canonicalJson } from '#contract/canonical-json.ts';
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
  onBooked(): void;
}): RoundBooks {
  const { ledger, key, clock } = options;
  return {
    book(record, outcome) {
      if (!outcome.counted || outcome.update_sha256 === null) return;
      const priceLamports = BigInt(outcome.reward.price_lamports);
      const { offer, gatewayUrl, network, task } = record.selected;
      ledger.append({
        at: clock.now(),
        requestId: roundRequestId(record.roundId, key.publicKey),
        gatewayUrl,
        network,
        model: task.taskId,
        payer: trainingPayer(record.selected.gatewayKey),
        promptTokens: 0,
        generatedTokens: 0,
        priceLamports,
        feeLamports: trainingFeeOf(priceLamports),
        durationMs: clock.now() - record.startedAt,
        training: { roundId: record.roundId, taskName: task.name },
        sign: (seq) => signed(seq, record, outcome, offer.model_sha256),
      });
      options.onBooked();
    },
  };

  function signed(
    seq: number,
    record: RoundRecord,
    outcome: Extract<RoundOutcome, { state: 'done' }>,
    inputSha256: string,
  ) {
    const { gatewayKey, network, task, offer } = record.selected;
    const receipt: Receipt = {
      v: 1,
      request_id: roundRequestId(record.roundId, key.publicKey),
      node_id: key.nodeId,
      node_key: key.publicKey,
      gateway: gatewayKey,
      payer: trainingPayer(record.selected.gatewayKey),
      model: task.taskId,
      config_sha256: sha256Hex(canonicalJson(offer.training)),
      input_sha256: inputSha256,
      output_sha256: outcome.update_sha256 ?? '',
      tokens_prompt: 0,
      tokens_generated: 0,
      price_atomic: outcome.reward.price_lamports,
      asset: 'SOL',
      network,
      seq,
      issued_at: Math.floor(clock.now() / 1000),
    };
    return { receipt, signature: key.sign(receiptText(receipt)) };
  }
}
