import { dispose, keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { sizeOf } from '#contract/federated/parameter.ts';
import type { Model, ModelSite } from './model.ts';
import type { Ops } from './ops.ts';

/** Rows of a batch in the model's form: `labels` has one or, for the next token, as many as tokens a row; −1 counts for nothing. */
export interface Rows {
  count: number;
  inputs: Float32Array;
  labels: Int32Array;
}

export interface Score {
  /** Sum of the losses of what counts. */
  loss: number;
  hits: number;
  counted: number;
}
/** Gradients in the order of the parameters; whoever asked for them disposes them. */
export type Gradients = Score & { gradients: Tensor[] };

export interface Learner {
  /** Sum over the rows' losses, times `scale`. */
  gradients(weights: Tensor[], rows: Rows, scale: number): Gradients;
  /** Sum of the rows' own gradients, each of them cut to an L2 norm of `clipNorm` (DP-SGD, Abadi et al. 2016, before the noise). */
  clippedGradients(weights: Tensor[], rows: Rows, clipNorm: number): Gradients;
  score(weights: Tensor[], rows: Rows): Score;
}

/** Numbers that the rows of one pass may keep: 256 MB. */
const mostKeptNumbers = 64_000_000;

/** A batch whose rows would keep more than `keptNumbers` goes through in parts. */
export function createLearner(ops: Ops, model: Model, keptNumbers = mostKeptNumbers): Learner {
  const { plan, classes } = model;
  const rowsAtOnce = Math.max(1, Math.floor(Math.min(keptNumbers, mostKeptNumbers) / plan.activationSize));

  function forward(weights: Tensor[], { count, inputs }: Rows) {
    return model.forward(ops.tensor(inputs, [count, inputs.length / count]), weights, count);
  }

  function collect(sites: ModelSite[], factors: Tensor | null): Tensor[] {
    const gradients: Tensor[] = [];
    for (const site of sites)
      for (const [parameter, gradient] of site.gradients(factors))
        gradients[site.firstParameter + parameter] = gradient;
    return gradients;
  }

  function inParts(rows: Rows, compute: (part: Rows) => Gradients): Gradients {
    const total: Gradients = { loss: 0, hits: 0, counted: 0, gradients: [] };
    for (const part of parts(rows, rowsAtOnce)) {
      const before = total.gradients;
      // What a part computed goes with its tidy; its gradients stay.
      const result = tidy(() => {
        const { gradients, ...score } = compute(part);
        const sums =
          before.length === 0
            ? gradients
            : gradients.map((gradient, index) => ops.addScaled(before[index] as Tensor, gradient, 1));
        return { ...score, gradients: sums.map((gradient) => keep(gradient)) };
      });
      dispose(before);
      add(total, result);
      total.gradients = result.gradients;
    }
    if (total.gradients.length === 0)
      total.gradients = plan.parameters.map(({ shape }) => keep(ops.zeros(sizeOf(shape))));
    return total;
  }

  return {
    gradients: (weights, rows, scale) =>
      inParts(rows, (part) => {
        const { logits, backward } = forward(weights, part);
        const { loss, hits, gradient } = ops.crossEntropy(logits, part.labels, classes, scale);
        return { loss, hits, counted: countOf(part.labels), gradients: collect(backward(gradient), null) };
      }),
    clippedGradients: (weights, rows, clipNorm) =>
      inParts(rows, (part) => {
        const { count, labels } = part;
        const { logits, backward } = forward(weights, part);
        const { loss, hits, gradient } = ops.crossEntropy(logits, labels, classes, 1);
        const sites = backward(meanPerExample(ops, gradient, part, classes));
        const norms = sites.map((site) => site.squaredNorms());
        const squares = norms.reduce((sum, norm) => ops.addScaled(sum, norm, 1));
        const factors = clipFactors(squares.dataSync<'float32'>(), clipNorm);
        return {
          loss,
          hits,
          counted: countOf(labels),
          gradients: collect(sites, ops.tensor(factors, [count])),
        };
      }),
    score(weights, rows) {
      const total: Score = { loss: 0, hits: 0, counted: 0 };
      for (const part of parts(rows, rowsAtOnce)) {
        const { loss, hits } = tidy(() => {
          const { gradient, ...score } = ops.crossEntropy(
            forward(weights, part).logits,
            part.labels,
            classes,
            1,
          );
          gradient.dispose();
          return score;
        });
        add(total, { loss, hits, counted: countOf(part.labels) });
      }
      return total;
    },
  };
}

/** An example's loss is the mean over its labels that count. */
function meanPerExample(ops: Ops, gradient: Tensor, { count, labels }: Rows, classes: number): Tensor {
  const steps = labels.length / count;
  if (steps === 1) return gradient;
  const shares = Float32Array.from({ length: count }, (_, index) => {
    const counted = countOf(labels.subarray(index * steps, (index + 1) * steps));
    return counted === 0 ? 0 : 1 / counted;
  });
  return ops.scaleRows(gradient, ops.tensor(shares, [count]), labels.length, steps, classes);
}

/** What brings each norm down to `clipNorm`, and leaves smaller ones. */
function clipFactors(squares: Float32Array, clipNorm: number): Float32Array {
  return squares.map((square) => Math.min(1, clipNorm / Math.sqrt(Math.max(square, Number.MIN_VALUE))));
}

function* parts(rows: Rows, rowsAtOnce: number): Generator<Rows> {
  const { count, inputs, labels } = rows;
  const [inputSize, labelSize] = [inputs.length / count, labels.length / count];
  for (let start = 0; start < count; start += rowsAtOnce) {
    const end = Math.min(count, start + rowsAtOnce);
    yield {
      count: end - start,
      inputs: inputs.subarray(start * inputSize, end * inputSize),
      labels: labels.subarray(start * labelSize, end * labelSize),
    };
  }
}

function add(total: Score, part: Score): void {
  total.loss += part.loss;
  total.hits += part.hits;
  total.counted += part.counted;
}

/** Labels that count. */
export function countOf(labels: Int32Array): number {
  let count = 0;
  for (let index = 0; index < labels.length; index += 1) if ((labels[index] as number) >= 0) count += 1;
  return count;
}
