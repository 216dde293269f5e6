import { AppError } from '#contract/errors.ts';
import type { Evaluation } from '#contract/federated/trainer-messages.ts';
import { toAppError } from '#contract/result.ts';
import type { Collected, PlainUpdate } from './collection.ts';
import { krumChoice, trimmedMean } from './strategies/robust.ts';
import { type Checkpoint, type MeanUpdate, serverStep } from './strategies/server-step.ts';
import { createWeightedMean } from './strategies/weighted-mean.ts';
import type { StrategySettings } from './task-config.ts';

export interface Conclusion {
  checkpoint: Checkpoint;
  /** Null without held-out data, or where the trainer failed. */
  evaluation: Evaluation | null;
  /** Nodes whose update is in the new model. */
  counted: readonly string[];
  /** By how much each counted update alone lessens the loss, at least 0; null where that was not measured, with the reason. */
  improvements: ReadonlyMap<string, number> | null;
  notMeasured: string | null;
}

/**
 * Makes the new model of what a round's nodes gave: the mean, the strategy's step, the evaluation. Updates are read one at a time,
 * but for strategies that compare them. Throws when the new model is none.
 */
export async function conclude(options: {
  before: Checkpoint;
  /** Null where the model before was not evaluated yet. */
  lossBefore: number | null;
  strategy: StrategySettings;
  collected: Collected;
  weightOf(update: PlainUpdate): number;
  participationOf(count: number): number;
  /** Null without held-out data. */
  evaluate: ((weights: Float32Array) => Promise<Evaluation>) | null;
}): Promise<Conclusion> {
  const { before, strategy, collected, evaluate } = options;
  const { mean, counted } =
    collected.kind === 'mean'
      ? { mean: collected, counted: collected.nodeKeys }
      : meanOf(collected.updates, strategy, before.weights.length, options.weightOf);
  const checkpoint = serverStep(
    before,
    { delta: mean.delta, control: mean.control, participation: options.participationOf(counted.length) },
    strategy,
  );
  if (!checkpoint.weights.every(Number.isFinite))
    throw new AppError('training/bad-update', 'The new model holds values that are no numbers.');
  if (!evaluate)
    return {
      checkpoint,
      evaluation: null,
      counted,
      improvements: null,
      notMeasured: 'the gateway does not evaluate this task',
    };
  try {
    const evaluation = await evaluate(checkpoint.weights);
    const improvements =
      collected.kind === 'mean'
        ? null
        : await improvementsOf(collected.updates, counted, before.weights, options.lossBefore, evaluate);
    return { checkpoint, evaluation, counted, improvements, notMeasured: null };
  } catch (thrown) {
    return {
      checkpoint,
      evaluation: null,
      counted,
      improvements: null,
      notMeasured: `the evaluation failed (${toAppError(thrown).message})`,
    };
  }
}

function meanOf(
  updates: readonly PlainUpdate[],
  strategy: StrategySettings,
  length: number,
  weightOf: (update: PlainUpdate) => number,
): { mean: Pick<MeanUpdate, 'delta' | 'control'>; counted: string[] } {
  const all = updates.map(({ nodeKey }) => nodeKey);
  if (strategy.type === 'trimmed-mean') {
    const deltas = updates.map((update) => update.read().delta);
    return { mean: { delta: trimmedMean(deltas, strategy.share), control: null }, counted: all };
  }
  const delta = createWeightedMean(length);
  const control = createWeightedMean(strategy.type === 'scaffold' ? length : 0);
  const chosen =
    strategy.type === 'krum'
      ? krumChoice(
          updates.map((update) => update.read().delta),
          strategy.malicious,
          strategy.kept,
        ).flatMap((index) => updates[index] ?? [])
      : updates;
  for (const update of chosen) {
    const values = update.read();
    delta.add(values.delta, strategy.type === 'krum' ? 1 : weightOf(update));
    if (values.control) control.add(values.control, 1);
  }
  return {
    mean: { delta: delta.mean(), control: strategy.type === 'scaffold' ? control.mean() : null },
    counted: chosen.map(({ nodeKey }) => nodeKey),
  };
}

async function improvementsOf(
  updates: readonly PlainUpdate[],
  counted: readonly string[],
  weights: Float32Array,
  knownLoss: number | null,
  evaluate: (weights: Float32Array) => Promise<Evaluation>,
): Promise<Map<string, number>> {
  const lossBefore = knownLoss ?? (await evaluate(weights)).loss;
  const found = new Map<string, number>();
  for (const update of updates) {
    if (!counted.includes(update.nodeKey)) continue;
    const { delta } = update.read();
    const { loss } = await evaluate(weights.map((value, at) => value + (delta[at] as number)));
    found.set(update.nodeKey, Number.isFinite(loss) ? Math.max(0, lossBefore - loss) : 0);
  }
  return found;
}
