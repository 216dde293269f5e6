import { dispose, keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { LocalTraining } from '#contract/federated/task.ts';
import type { Ops } from './ops.ts';

/** What is added to a batch's gradients before a step. */
export interface Pulls {
  /** FedProx: towards these weights, times `LocalTraining.proximal`. */
  start?: Tensor[];
  /** SCAFFOLD: c − c_i (Karimireddy et al. 2020). */
  correction?: Tensor[];
}

export interface OptimizerState {
  steps: number;
  /** Momenta, or Adam's two moments, each with all parameters one after the other. */
  slots: Tensor[][];
}

/**
 * Steps of SGD or Adam. Weight decay is added to the gradient, as in PyTorch's SGD and Adam; a batch's gradient is cut to `clipNorm`
 * before anything is added to it.
 */
export interface WeightOptimizer {
  readonly state: OptimizerState;
  /** New weights; the given ones and the gradients are disposed. */
  step(weights: Tensor[], gradients: Tensor[]): Tensor[];
  dispose(): void;
}

export function slotsOf({ optimizer }: LocalTraining): number {
  return optimizer.type === 'adam' ? 2 : optimizer.momentum > 0 ? 1 : 0;
}

export function createOptimizer(
  ops: Ops,
  training: LocalTraining,
  state: OptimizerState,
  pulls: Pulls = {},
): WeightOptimizer {
  const { optimizer, learningRate, clipNorm, proximal } = training;

  function pulled(gradient: Tensor, weight: Tensor, index: number, scale: number): Tensor {
    let sum = scale === 1 ? gradient : ops.addScaled(gradient, gradient, scale - 1);
    if (optimizer.weightDecay > 0) sum = ops.addScaled(sum, weight, optimizer.weightDecay);
    const start = pulls.start?.[index];
    if (start && proximal > 0) sum = ops.addScaled(ops.addScaled(sum, weight, proximal), start, -proximal);
    const correction = pulls.correction?.[index];
    return correction ? ops.addScaled(sum, correction, 1) : sum;
  }

  function scaleFor(gradients: Tensor[]): number {
    if (clipNorm === undefined) return 1;
    const norm = Math.sqrt(gradients.reduce((sum, gradient) => sum + ops.sumSquares(gradient), 0));
    return norm > clipNorm ? clipNorm / norm : 1;
  }

  function stepped(weight: Tensor, gradient: Tensor, index: number): [Tensor, ...Tensor[]] {
    const slots = state.slots.map((slot) => slot[index] as Tensor);
    if (optimizer.type === 'adam') {
      const { beta1, beta2, epsilon } = optimizer;
      return ops.adam(weight, slots[0] as Tensor, slots[1] as Tensor, gradient, {
        beta1,
        beta2,
        epsilon,
        rate: learningRate / (1 - beta1 ** state.steps),
        correction2: 1 / (1 - beta2 ** state.steps),
      });
    }
    const [momentum] = slots;
    if (!momentum) return [ops.addScaled(weight, gradient, -learningRate)];
    const velocity = ops.addScaled(gradient, momentum, optimizer.momentum);
    return [ops.addScaled(weight, velocity, -learningRate), velocity];
  }

  return {
    state,
    step(weights, gradients) {
      state.steps += 1;
      const scale = scaleFor(gradients);
      const next = weights.map((weight, index) =>
        tidy(() => {
          const slope = pulled(gradients[index] as Tensor, weight, index, scale);
          const result = stepped(weight, slope, index);
          for (const tensor of result) keep(tensor);
          return result;
        }),
      );
      dispose(weights);
      dispose(gradients);
      state.slots.forEach((slot, number) => {
        dispose(slot);
        state.slots[number] = next.map((result) => result[number + 1] as Tensor);
      });
      return next.map(([weight]) => weight);
    },
    dispose: () => dispose(state.slots),
  };
}
