import type { Tensor } from '@tensorflow/tfjs-core';
import type { PlannedLayer } from '#contract/federated/model-plan.ts';
import { seededRandom } from '#contract/federated/seeded-random.ts';
import type { Ops } from '../ops.ts';
import { type LayerProgram, matrixSite, rowSite, type Site, tableSite } from './site.ts';

const sequenceOf = ({ input }: PlannedLayer) => {
  const [steps, size] = input as [number, number];
  return { steps, size };
};

/** Token ids to the rows of a table that is learnt. */
export function embeddingProgram(ops: Ops, planned: PlannedLayer, vocabulary: number): LayerProgram {
  const [steps, size] = planned.output as [number, number];
  return {
    forward: (ids, [table], examples) => ({
      output: ops.gather(table as Tensor, ids, examples * steps, size),
      backward: (dy) => ({
        dx: null,
        sites: [tableSite(ops, 0, dy, ids, { examples, steps, size }, vocabulary)],
      }),
    }),
  };
}

/** A table made from a seed and never learnt; with a rank the product of two learnt factors is added (LoRA). */
export function frozenEmbeddingProgram(
  ops: Ops,
  planned: PlannedLayer,
  vocabulary: number,
  { seed, rank }: { seed: number; rank?: number | undefined },
): LayerProgram & { constants: Tensor[] } {
  const [steps, size] = planned.output as [number, number];
  const table = ops.tensor(frozenTable(seed, vocabulary * size), [vocabulary, size]);
  return {
    constants: [table],
    forward(ids, [down, up], examples) {
      const rows = examples * steps;
      const base = ops.gather(table, ids, rows, size);
      if (!rank) return { output: base, backward: () => ({ dx: null, sites: [] }) };
      const taken = ops.gather(down as Tensor, ids, rows, rank);
      const change = ops.product(taken, up as Tensor, [rows, rank, size]);
      return {
        output: ops.addScaled(base, change, 1),
        backward(dy) {
          const place = { weights: 1, bias: null, examples, steps, inputs: rank, outputs: size };
          const dTaken = ops.product(dy, up as Tensor, [rows, size, rank], 'b');
          return {
            dx: null,
            sites: [
              tableSite(ops, 0, dTaken, ids, { examples, steps, size: rank }, vocabulary),
              matrixSite(ops, taken, dy, place),
            ],
          };
        },
      };
    },
  };
}

/** Evenly within ±√3, so that their variance is 1; the same on every machine. */
function frozenTable(seed: number, count: number): Float32Array {
  const random = seededRandom(`frozen/${seed}`);
  const limit = Math.sqrt(3);
  return Float32Array.from({ length: count }, () => (2 * random() - 1) * limit);
}

export function positionsProgram(ops: Ops, planned: PlannedLayer): LayerProgram {
  const { steps, size } = sequenceOf(planned);
  return {
    forward: (x, [table], examples) => ({
      output: ops.addToRows(x, table as Tensor, examples, steps * size),
      backward: (dy) => ({ dx: dy, sites: [rowSite(ops, 0, dy, examples, steps * size)] }),
    }),
  };
}

export function meanPoolProgram(ops: Ops, planned: PlannedLayer): LayerProgram {
  const size = planned.input.at(-1) as number;
  const steps = planned.input.slice(0, -1).reduce((product, extent) => product * extent, 1);
  return {
    forward(x, _parameters, examples) {
      const sums = ops.columnSums(x, examples, steps, size);
      return {
        output: ops.repeatRows(sums, examples, 1, size, 1 / steps),
        backward: (dy) => ({ dx: ops.repeatRows(dy, examples, steps, size, 1 / steps), sites: [] }),
      };
    },
  };
}

/** Normalises each row; `gain` and `bias` are numbers of its parameters within the layer. */
export function normalise(
  ops: Ops,
  x: Tensor,
  [gain, bias]: [Tensor, Tensor],
  { examples, steps, size }: { examples: number; steps: number; size: number },
  parameter: number,
): { output: Tensor; backward(dy: Tensor): { dx: Tensor; sites: Site[] } } {
  const rows = examples * steps;
  const { output, normalised, inverse } = ops.layerNorm(x, gain, bias, rows, size);
  return {
    output,
    backward: (dy) => ({
      dx: ops.layerNormGradient(dy, gain, normalised, inverse, rows, size),
      sites: [
        rowSite(ops, parameter, ops.productSums(dy, normalised, examples, steps, size), examples, size),
        rowSite(ops, parameter + 1, ops.columnSums(dy, examples, steps, size), examples, size),
      ],
    }),
  };
}

export function layerNormProgram(ops: Ops, planned: PlannedLayer): LayerProgram {
  const size = planned.input.at(-1) as number;
  const steps = planned.input.length > 1 ? (planned.input[0] as number) : 1;
  return {
    forward: (x, [gain, bias], examples) =>
      normalise(ops, x, [gain as Tensor, bias as Tensor], { examples, steps, size }, 0),
  };
}

/** Parameters: the input's kernel, the recurrent kernel, the bias. */
export function lstmProgram(ops: Ops, planned: PlannedLayer, isSequence: boolean): LayerProgram {
  const { steps, size: inputs } = sequenceOf(planned);
  const units = planned.output.at(-1) as number;
  const outputs = 4 * units;
  return {
    forward(x, [kernel, recurrent, bias], examples) {
      const shape = { examples, steps, size: units };
      const rows = examples * steps;
      const z = ops.dense(x, kernel as Tensor, bias as Tensor, [rows, inputs, outputs], 'linear');
      const pass = ops.lstm(z, recurrent as Tensor, shape);
      return {
        output: isSequence ? pass.output : ops.lastSteps(pass.output, shape),
        backward(dy, wantsInput) {
          const dz = ops.lstmGradient(pass, recurrent as Tensor, dy, shape, !isSequence);
          const before = ops.delayed(pass.output, shape);
          const place = { examples, steps, outputs };
          return {
            dx: wantsInput ? ops.product(dz, kernel as Tensor, [rows, outputs, inputs], 'b') : null,
            sites: [
              matrixSite(ops, x, dz, { ...place, weights: 0, bias: 2, inputs }),
              matrixSite(ops, before, dz, { ...place, weights: 1, bias: null, inputs: units }),
            ],
          };
        },
      };
    },
  };
}
