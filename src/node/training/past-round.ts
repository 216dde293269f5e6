import type { PastRound } from '#contract/training.ts';
import type { RoundRecord } from './round-record.ts';

/** An ended round as the Training page lists it. */
export function pastRound(record: RoundRecord): PastRound {
  const { offer, task } = record.selected;
  const outcome = record.end?.state === 'rewarded' ? record.end.outcome : null;
  const done = outcome?.state === 'done' ? outcome : null;
  return {
    roundId: record.roundId,
    taskId: task.taskId,
    taskName: task.name,
    startedAt: record.startedAt,
    endedAt: record.at,
    isSecure: offer.secure !== null,
    participants: done?.participants ?? offer.node_keys.length,
    result: done === null ? 'failed' : done.counted ? 'rewarded' : 'uncounted',
    error: record.end?.state === 'failed' ? record.end.error : null,
    examples: record.update?.examples ?? 0,
    localLoss: record.update?.loss ?? null,
    localAccuracy: record.update?.accuracy ?? null,
    modelVersion: done?.model_version ?? null,
    globalLoss: done?.loss ?? null,
    globalAccuracy: done?.accuracy ?? null,
    epsilon: record.update?.epsilon ?? null,
    priceLamports: done?.counted ? done.reward.price_lamports : '0',
    feeLamports: done?.counted ? done.reward.fee_lamports : '0',
    parts: done?.reward.parts ?? [],
    leftOut: done?.reward.left_out ?? [],
  };
}
