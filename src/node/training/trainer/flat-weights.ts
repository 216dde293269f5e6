import { keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { ModelPlan } from '#contract/federated/model-plan.ts';
import { sizeOf } from '#contract/federated/parameter.ts';
import type { Ops } from '../engine/ops.ts';

/** A tensor for each parameter; whoever asked for them disposes them. */
export function toTensors(ops: Ops, plan: ModelPlan, flat: Float32Array): Tensor[] {
  let offset = 0;
  return tidy(() =>
    plan.parameters.map(({ shape }) => {
      const start = offset;
      offset += sizeOf(shape);
      return keep(ops.tensor(flat.subarray(start, offset), shape));
    }),
  );
}

/** All parameters, one after the other. */
export function toFlat(tensors: Tensor[], into: Float32Array): Float32Array {
  let offset = 0;
  for (const tensor of tensors) {
    into.set(tensor.dataSync<'float32'>(), offset);
    offset += tensor.size;
  }
  return into;
}
