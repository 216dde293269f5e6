import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { AppError } from '#contract/errors.ts';
import type { ModelPlan } from '#contract/federated/model-plan.ts';
import { shuffled } from '#contract/federated/seeded-random.ts';
import type { LocalTraining } from '#contract/federated/task.ts';
import type { TrainProgress, TrainResult } from '#contract/federated/trainer-messages.ts';
import { countOf, type Gradients, type Rows, type Score } from '../engine/gradients.ts';
import type { Ops } from '../engine/ops.ts';
import { createOptimizer, slotsOf, type WeightOptimizer } from '../engine/optimizer.ts';
import type { BatchReader } from './batches.ts';
import type { Checkpoint } from './checkpoint.ts';
import { toFlat, toTensors } from './flat-weights.ts';

/** Computes gradients of a batch, alone or with other threads. */
export interface GradientSource {
  gradients(weights: Tensor[], rows: Rows, scale: number): Gradients;
  clippedGradients(weights: Tensor[], rows: Rows, clipNorm: number): Gradients;
}

/** Randomness of private training, from a cryptographic source. */
export interface PrivateRandom {
  /** Adds to each number one of a normal distribution around 0. */
  addNoise(numbers: Float32Array, standardDeviation: number): void;
  /** Each of `count` examples on its own with probability `rate`. */
  sample(count: number, rate: number): Int32Array;
}

export interface LocalTrainingParts {
  ops: Ops;
  plan: ModelPlan;
  source: GradientSource;
  batches: BatchReader;
  privateRandom: PrivateRandom;
}

export interface LocalTrainingJob {
  weights: Float32Array;
  training: LocalTraining;
  seed: number | string;
  controlVariates?: { global: Float32Array; own: Float32Array } | undefined;
  from: Checkpoint | null;
}

export interface LocalTrainingHooks {
  /** Before each step: waits while paused, throws when cancelled or out of memory. */
  beforeStep(): Promise<void>;
  onProgress(progress: TrainProgress): void;
  onEpoch(checkpoint: Checkpoint): Promise<void>;
}

const progressIntervalMs = 250;

/**
 * A node's epochs of one round. SGD or Adam over shuffled batches, or ones balanced by class; with privacy DP-SGD: Poisson-sampled batches, each example's gradient
 * clipped to C, noise of σ·C on their sum, divided by the expected batch (Abadi et al. 2016). Refuses with `training/diverged` a loss
 * or weights that are no numbers.
 */
export async function trainLocally(
  parts: LocalTrainingParts,
  job: LocalTrainingJob,
  hooks: LocalTrainingHooks,
): Promise<TrainResult> {
  const { ops, plan, batches } = parts;
  const { training, from, controlVariates } = job;
  const { count } = batches;
  const stepsPerEpoch = Math.ceil(count / training.batchSize);
  const steps = stepsPerEpoch * training.epochs;
  const start = training.proximal > 0 ? toTensors(ops, plan, job.weights) : [];
  const correction = controlVariates && correctionOf(controlVariates);
  const pulls = {
    start,
    ...(correction ? { correction: toTensors(ops, plan, correction) } : {}),
  };
  const slots = from?.slots ?? Array.from({ length: slotsOf(training) }, () => new Float32Array(plan.size));
  const optimizer = createOptimizer(
    ops,
    training,
    { steps: from?.steps ?? 0, slots: slots.map((slot) => toTensors(ops, plan, slot)) },
    pulls,
  );
  let weights = toTensors(ops, plan, from?.weights ?? job.weights);
  let reached: Checkpoint | null = from;
  const startedAt = performance.now() - (from?.durationMs ?? 0);
  try {
    for (let epoch = from?.epochsDone ?? 0; epoch < training.epochs; epoch += 1) {
      const score: Score = { loss: 0, hits: 0, counted: 0 };
      const epochStart = performance.now();
      let toldAt = epochStart;
      let learnt = 0;
      for (const indices of batchesOf(epoch)) {
        await hooks.beforeStep();
        const rows = batches.read(indices, `${job.seed}/step-${optimizer.state.steps}`);
        weights = stepWith(parts, training, optimizer, weights, rows, score);
        learnt += rows.count;
        const now = performance.now();
        const isLast = optimizer.state.steps === (epoch + 1) * stepsPerEpoch;
        if (now - toldAt < progressIntervalMs && !isLast) continue;
        toldAt = now;
        hooks.onProgress({
          epoch: epoch + 1,
          epochs: training.epochs,
          step: optimizer.state.steps,
          steps,
          loss: score.loss / Math.max(1, score.counted),
          examplesPerSecond: (1000 * learnt) / Math.max(1e-3, now - epochStart),
        });
      }
      reached = {
        epochsDone: epoch + 1,
        steps: optimizer.state.steps,
        durationMs: performance.now() - startedAt,
        loss: score.loss / Math.max(1, score.counted),
        accuracy: score.hits / Math.max(1, score.counted),
        weights: checked(toFlat(weights, new Float32Array(plan.size))),
        slots: optimizer.state.slots.map((slot) => toFlat(slot, new Float32Array(plan.size))),
      };
      await hooks.onEpoch(reached);
    }
  } finally {
    for (const list of [weights, start, pulls.correction ?? []]) dispose(list);
    optimizer.dispose();
  }
  const { loss, accuracy, durationMs, weights: learntWeights } = reached as Checkpoint;
  return {
    ...{ loss, accuracy, durationMs, examples: count, steps },
    weights: learntWeights,
    ...(controlVariates
      ? { controlDelta: controlChange(job.weights, learntWeights, controlVariates.global, steps, training) }
      : {}),
  };

  function* batchesOf(epoch: number): Generator<Int32Array> {
    if (training.privacy) {
      const rate = Math.min(1, training.batchSize / count);
      for (let step = 0; step < stepsPerEpoch; step += 1) yield parts.privateRandom.sample(count, rate);
      return;
    }
    const seed = `${job.seed}/${epoch}`;
    const order = training.balance === 'classes' ? batches.balanced(seed) : shuffled(count, seed);
    for (let first = 0; first < count; first += training.batchSize)
      yield order.subarray(first, first + training.batchSize);
  }
}

/** One step; adds to the score and disposes the old weights. */
function stepWith(
  parts: LocalTrainingParts,
  training: LocalTraining,
  optimizer: WeightOptimizer,
  weights: Tensor[],
  rows: Rows,
  score: Score,
): Tensor[] {
  const { source } = parts;
  const { privacy } = training;
  const result = privacy
    ? source.clippedGradients(weights, rows, privacy.clipNorm)
    : source.gradients(weights, rows, 1 / Math.max(1, countOf(rows.labels)));
  if (!Number.isFinite(result.loss)) {
    dispose(result.gradients);
    throw diverged();
  }
  score.loss += result.loss;
  score.hits += result.hits;
  score.counted += result.counted;
  const gradients = privacy ? noised(parts, result.gradients, training) : result.gradients;
  return optimizer.step(weights, gradients);
}

/** (sum + noise of σ·C) / expected batch; disposes the sums. */
function noised(parts: LocalTrainingParts, sums: Tensor[], { privacy, batchSize }: LocalTraining): Tensor[] {
  const { ops, plan, batches } = parts;
  if (!privacy) return sums;
  const expected = Math.min(batchSize, batches.count);
  const noise = new Float32Array(plan.size);
  parts.privateRandom.addNoise(noise, privacy.noiseMultiplier * privacy.clipNorm);
  const added = toTensors(ops, plan, noise);
  const means = sums.map((sum, index) => {
    const total = ops.addScaled(sum, added[index] as Tensor, 1);
    const mean = ops.addScaled(total, total, 1 / expected - 1);
    total.dispose();
    return mean;
  });
  dispose(sums);
  dispose(added);
  return means;
}

const diverged = () =>
  new AppError(
    'training/diverged',
    'The loss is no longer a number: the learning rate is too high for this model.',
  );

function checked(weights: Float32Array): Float32Array {
  if (!weights.every(Number.isFinite)) throw diverged();
  return weights;
}

function correctionOf({ global, own }: { global: Float32Array; own: Float32Array }): Float32Array {
  return global.map((value, index) => value - (own[index] as number));
}

/** Option II of SCAFFOLD: c_i⁺ − c_i = (x − y_i) / (K·η) − c. */
function controlChange(
  before: Float32Array,
  after: Float32Array,
  global: Float32Array,
  steps: number,
  { learningRate }: LocalTraining,
): Float32Array {
  return before.map(
    (value, index) => (value - (after[index] as number)) / (steps * learningRate) - (global[index] as number),
  );
}
