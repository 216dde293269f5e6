import type { DataFormat } from '#contract/federated/task.ts';
import type { Problems } from './problems.ts';

/** A scaled number beyond this is taken as this: no honest column, once scaled, is a thousand units from its middle. */
const mostScaled = 1000;

/** Turns raw numbers into those of the model's input and says how many were clipped. An image's are 0–255. */
export function createScaling(format: Exclude<DataFormat, { kind: 'text' }>) {
  const scale = format.kind === 'table' ? format.scale : [{ offset: 0, factor: 1 / 255 }];
  const low = format.kind === 'table' ? -mostScaled : 0;
  const high = format.kind === 'table' ? mostScaled : 1;
  const offsets = Float64Array.from(scale, ({ offset }) => offset);
  const factors = Float64Array.from(scale, ({ factor }) => factor);
  const last = scale.length - 1;
  return (raw: ArrayLike<number>, into: Float32Array): number => {
    let clipped = 0;
    for (let index = 0; index < into.length; index += 1) {
      const pair = Math.min(index, last);
      const value = ((raw[index] as number) - (offsets[pair] as number)) * (factors[pair] as number);
      const kept = Math.min(Math.max(value, low), high);
      if (kept !== value) clipped += 1;
      into[index] = kept;
    }
    return clipped;
  };
}

export const addClipped = (problems: Problems, row: number, count: number) => {
  if (count > 0) problems.add('clipped', { row }, count);
};
