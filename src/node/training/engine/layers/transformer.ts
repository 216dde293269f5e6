import type { Tensor } from '@tensorflow/tfjs-core';
import type { PlannedLayer } from '#contract/federated/model-plan.ts';
import type { Layer } from '#contract/federated/model-spec.ts';
import type { Ops } from '../ops.ts';
import { normalise } from './sequences.ts';
import { type LayerProgram, matrixSite } from './site.ts';

/** Numbers of a block's parameters, in the order of `layer-parameters.ts`. */
const place = { attentionNorm: 0, qkv: 2, projection: 4, feedForwardNorm: 6, up: 8, down: 10 } as const;

/** x + projection(attention(norm(x))), then x + down(gelu(up(norm(x)))) (Vaswani et al. 2017, norms in front). */
export function transformerProgram(
  ops: Ops,
  planned: PlannedLayer,
  { heads, causal, feedForward }: Layer & { type: 'transformer' },
): LayerProgram {
  const [steps, size] = planned.input as [number, number];
  return {
    forward(x, parameters, examples) {
      const rows = examples * steps;
      const shape = { examples, steps, size };
      const at = (index: number) => parameters[index] as Tensor;
      const pair = (index: number): [Tensor, Tensor] => [at(index), at(index + 1)];
      const site = (index: number, input: Tensor, dy: Tensor, inputs: number, outputs: number) =>
        matrixSite(ops, input, dy, { weights: index, bias: index + 1, examples, steps, inputs, outputs });
      const dense = (index: number, input: Tensor, inputs: number, outputs: number) =>
        ops.dense(input, ...pair(index), [rows, inputs, outputs], 'linear');

      const first = normalise(ops, x, pair(place.attentionNorm), shape, place.attentionNorm);
      const qkv = dense(place.qkv, first.output, size, 3 * size);
      const attended = ops.attention(qkv, { ...shape, heads, causal });
      const projected = dense(place.projection, attended.output, size, size);
      const middle = ops.addScaled(x, projected, 1);
      const second = normalise(ops, middle, pair(place.feedForwardNorm), shape, place.feedForwardNorm);
      const raised = dense(place.up, second.output, size, feedForward);
      const active = ops.activate(raised, 'gelu');
      const output = ops.addScaled(middle, dense(place.down, active, feedForward, size), 1);

      return {
        output,
        backward(dy) {
          const dActive = ops.product(dy, at(place.down), [rows, size, feedForward], 'b');
          const dRaised = ops.activationGradient(dActive, raised, 'gelu');
          const dSecond = ops.product(dRaised, at(place.up), [rows, feedForward, size], 'b');
          const secondBack = second.backward(dSecond);
          const dMiddle = ops.addScaled(dy, secondBack.dx, 1);
          const dAttended = ops.product(dMiddle, at(place.projection), [rows, size, size], 'b');
          const dQkv = ops.attentionGradient(qkv, attended.weights, dAttended, { ...shape, heads, causal });
          const dFirst = ops.product(dQkv, at(place.qkv), [rows, 3 * size, size], 'b');
          const firstBack = first.backward(dFirst);
          return {
            dx: ops.addScaled(dMiddle, firstBack.dx, 1),
            sites: [
              ...firstBack.sites,
              site(place.qkv, first.output, dQkv, size, 3 * size),
              site(place.projection, attended.output, dMiddle, size, size),
              ...secondBack.sites,
              site(place.up, second.output, dRaised, size, feedForward),
              site(place.down, active, dy, feedForward, size),
            ],
          };
        },
      };
    },
  };
}
