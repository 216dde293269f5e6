import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { AppError } from '#contract/errors.ts';
import type { ModelPlan } from '#contract/federated/model-plan.ts';
import type { ModelSpec } from '#contract/federated/model-spec.ts';
import { entryPath } from '../../entries.ts';
import type { Gradients, Learner, Rows } from '../engine/gradients.ts';
import type { Ops } from '../engine/ops.ts';
import { toFlat, toTensors } from './flat-weights.ts';
import type { GradientSource } from './local-training.ts';
import { createSharedStep, scoreSize } from './shared-step.ts';

const stepLimitMs = 600_000;

export interface TeamOptions {
  ops: Ops;
  plan: ModelPlan;
  model: ModelSpec;
  learner: Learner;
  threads: number;
  /** Most rows of a step; more go through one after the other. */
  rows: number;
  inputSize: number;
  labelSize: number;
  /** Numbers that a pass of one thread may keep. */
  keptNumbers?: number;
}

export type Team = GradientSource & { dispose(): Promise<void> };

/**
 * Threads that share out each batch by its rows, this one among them. Gradients are summed in the threads' order, so for one number of
 * threads the result is the same each time.
 */
export async function openTeam(options: TeamOptions): Promise<Team> {
  const { ops, plan, model, learner, threads, rows: mostRows, inputSize, labelSize } = options;
  const { keptNumbers = Number.POSITIVE_INFINITY } = options;
  const helpers = threads - 1;
  const step = createSharedStep(model, {
    ...{ helpers, rows: mostRows, inputSize, labelSize, keptNumbers },
    parameters: plan.size,
  });
  const workers = Array.from(
    { length: helpers },
    (_, index) => new Worker(entryPath('trainer'), { workerData: { step, index } }),
  );
  const end = () => Promise.all(workers.map((worker) => worker.terminate()));
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')));
  } catch (thrown) {
    await end();
    throw thrown;
  }

  function shareOut(weights: Tensor[], { count, inputs, labels }: Rows, isClipped: boolean, factor: number) {
    toFlat(weights, step.weights);
    step.inputs.set(inputs);
    step.labels.set(labels);
    step.factor[0] = factor;
    step.orders[2 * helpers] = Number(isClipped);
    const each = Math.ceil(count / threads);
    for (let index = 0; index < helpers; index += 1) {
      const first = Math.min(count, (index + 1) * each);
      step.orders.set([first, Math.min(each, count - first)], 2 * index);
    }
    const turn = Atomics.add(step.turn, 0, 1) + 1;
    Atomics.notify(step.turn, 0);
    return { own: part({ count, inputs, labels }, 0, Math.min(each, count)), turn };
  }

  function resultOf(index: number, turn: number): Gradients {
    for (let now = Atomics.load(step.done, index); now !== turn; now = Atomics.load(step.done, index))
      if (Atomics.wait(step.done, index, now, stepLimitMs) === 'timed-out')
        throw new AppError('training/failed', 'A thread does not answer.');
    const [loss, hits, counted, failed] = step.scores.subarray(scoreSize * index) as unknown as number[];
    if (failed)
      throw new AppError('training/out-of-memory', 'A thread could not compute its part of a batch.');
    const gradients = toTensors(ops, plan, step.gradients[index] as Float32Array);
    return { loss: loss as number, hits: hits as number, counted: counted as number, gradients };
  }

  function computeTogether(weights: Tensor[], rows: Rows, isClipped: boolean, factor: number): Gradients {
    const { own, turn } = shareOut(weights, rows, isClipped, factor);
    let total = isClipped
      ? learner.clippedGradients(weights, own, factor)
      : learner.gradients(weights, own, factor);
    for (let index = 0; index < helpers; index += 1) total = sum(ops, total, resultOf(index, turn));
    return total;
  }

  function compute(weights: Tensor[], rows: Rows, isClipped: boolean, factor: number): Gradients {
    let total = computeTogether(weights, part(rows, 0, Math.min(mostRows, rows.count)), isClipped, factor);
    for (let first = mostRows; first < rows.count; first += mostRows) {
      const next = part(rows, first, Math.min(mostRows, rows.count - first));
      total = sum(ops, total, computeTogether(weights, next, isClipped, factor));
    }
    return total;
  }

  function part({ inputs, labels }: Rows, first: number, count: number): Rows {
    return {
      count,
      inputs: inputs.subarray(first * inputSize, (first + count) * inputSize),
      labels: labels.subarray(first * labelSize, (first + count) * labelSize),
    };
  }

  return {
    gradients: (weights, rows, scale) => compute(weights, rows, false, scale),
    clippedGradients: (weights, rows, clipNorm) => compute(weights, rows, true, clipNorm),
    async dispose() {
      await end();
    },
  };
}

/** Disposes both. */
function sum(ops: Ops, a: Gradients, b: Gradients): Gradients {
  const gradients = a.gradients.map((gradient, index) =>
    ops.addScaled(gradient, b.gradients[index] as Tensor, 1),
  );
  dispose(a.gradients);
  dispose(b.gradients);
  return { loss: a.loss + b.loss, hits: a.hits + b.hits, counted: a.counted + b.counted, gradients };
}
