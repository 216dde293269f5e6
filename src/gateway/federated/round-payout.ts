import { type RoundOutcome, roundRequestId, trainingPayer } from '#contract/federated/rounds.ts';
import type { Books } from '../books.ts';
import type { Collected } from './collection.ts';
import type { Conclusion } from './conclusion.ts';
import { divideReward, type Reward, type Unmeasured, unmeasuredWhenSecure } from './rewards.ts';
import type { Round } from './round.ts';
import type { RoundBook } from './round-book.ts';
import type { TaskModel } from './task-models.ts';

export interface Payout {
  books: Books;
  book: RoundBook;
  gatewayKey: string;
}

/** Ends a round that has a new model: divides its reward, books each node's part as a job, tells each how it ended. */
export function payRound(
  { books, book, gatewayKey }: Payout,
  ended: {
    round: Round;
    model: TaskModel;
    conclusion: Conclusion;
    collected: Collected;
    nodes: readonly { nodeKey: string; nodeId: string; threads: number }[];
    weightOf(nodeKey: string, claimed?: number): number;
  },
): void {
  const { round, model, conclusion } = ended;
  const { offer } = round;
  const counted = ended.nodes.filter(({ nodeKey }) => conclusion.counted.includes(nodeKey));
  const rewards = divideReward(
    BigInt(offer.reward_lamports),
    counted.map(({ nodeKey, threads }) => {
      const { pickedUpMs, updateMs, head } = round.timing(nodeKey);
      const before = book.reliabilityOf(nodeKey);
      return {
        nodeKey,
        threads,
        examples: ended.weightOf(nodeKey, head?.examples),
        seconds: Math.min((updateMs ?? 0) - (pickedUpMs ?? 0), head?.duration_ms ?? 0) / 1000,
        improvement: conclusion.improvements?.get(nodeKey) ?? null,
        reliability: (before.completed + 1) / (before.selected + 1),
      };
    }),
    unmeasuredIn(ended),
  );
  const outcomes = new Map(
    round.nodes.flatMap(({ nodeKey }): [string, RoundOutcome][] => {
      const reward = rewards.get(nodeKey);
      // Who was dropped has a reason of its own; a whole update that the strategy left out is told so.
      if (!reward && round.droppedBecause(nodeKey) !== null) return [];
      return [
        [
          nodeKey,
          {
            state: 'done',
            model_version: model.version,
            model_sha256: model.modelSha256,
            loss: model.loss,
            accuracy: model.accuracy,
            participants: counted.length,
            counted: reward !== undefined,
            update_sha256: round.timing(nodeKey).updateSha256,
            reward: rewardOnWire(reward, offer.strategy),
          },
        ],
      ];
    }),
  );
  for (const { nodeKey, nodeId } of counted) {
    const reward = rewards.get(nodeKey);
    const { updateSha256 } = round.timing(nodeKey);
    if (!reward || updateSha256 === null) continue;
    books.record({
      requestId: roundRequestId(offer.round_id, nodeKey),
      nodeId,
      payer: trainingPayer(gatewayKey),
      model: offer.task_id,
      inputSha256: offer.model_sha256,
      outputSha256: updateSha256,
      promptTokens: 0,
      generatedTokens: 0,
      pricing: { perRequestLamports: 0n, perMillionTokensLamports: 0n, cacheHitPercent: 100n },
      tipLamports: 0n,
      isCacheHit: false,
      proxied: null,
      training: { priceLamports: reward.priceLamports, feeLamports: reward.feeLamports },
      state: 'done',
    });
  }
  round.end('done', outcomes);
}

function unmeasuredIn({
  conclusion,
  collected,
}: {
  conclusion: Conclusion;
  collected: Collected;
}): Unmeasured {
  if (collected.kind === 'mean') return unmeasuredWhenSecure;
  if (conclusion.improvements) return {};
  return { quality: `Quality: ${conclusion.notMeasured}. Its part goes to the measured ones.` };
}

function rewardOnWire(
  reward: Reward | undefined,
  strategy: string,
): Extract<RoundOutcome, { state: 'done' }>['reward'] {
  if (!reward)
    return {
      price_lamports: '0',
      fee_lamports: '0',
      parts: [],
      left_out: [`The update is not in the new model: ${strategy} chose others.`],
    };
  return {
    price_lamports: `${reward.priceLamports}`,
    fee_lamports: `${reward.feeLamports}`,
    parts: reward.parts,
    left_out: reward.leftOut,
  };
}
