import type { Tensor } from '@tensorflow/tfjs-core';
import type { PlannedLayer } from '#contract/federated/model-plan.ts';
import type { Activation, Ops } from '../ops.ts';
import { type LayerProgram, matrixSite } from './site.ts';

/** A dense layer over the last axis: on each row of a sequence alike. */
export function denseProgram(ops: Ops, planned: PlannedLayer, activation: Activation): LayerProgram {
  const steps = planned.input.length > 1 ? (planned.input[0] as number) : 1;
  const inputs = planned.input.at(-1) as number;
  const outputs = planned.output.at(-1) as number;
  return {
    forward: (x, [w, b], examples) => {
      const rows = examples * steps;
      const weights = w as Tensor;
      const isGelu = activation === 'gelu';
      const sum = ops.dense(x, weights, b as Tensor, [rows, inputs, outputs], isGelu ? 'linear' : activation);
      const output = isGelu ? ops.activate(sum, activation) : sum;
      return {
        output,
        backward(dy, wantsInput) {
          const dz = activation === 'linear' ? dy : ops.activationGradient(dy, sum, activation);
          const place = { weights: 0, bias: 1, examples, steps, inputs, outputs };
          return {
            dx: wantsInput ? ops.product(dz, weights, [rows, outputs, inputs], 'b') : null,
            sites: [matrixSite(ops, x, dz, place)],
          };
        },
      };
    },
  };
}
