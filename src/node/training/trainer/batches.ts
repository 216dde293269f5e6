import { AppError } from '#contract/errors.ts';
import type { ModelSpec } from '#contract/federated/model-spec.ts';
import { sizeOf } from '#contract/federated/parameter.ts';
import type { MemoryData } from '#contract/federated/trainer-messages.ts';
import type { Augmenter } from '../data/augmentation.ts';
import { createBalancedDraw } from '../data/balance.ts';
import type { Examples } from '../data/examples.ts';
import { seedOf } from '../data/random.ts';
import type { Rows } from '../engine/gradients.ts';

/** Reads batches of a model's examples. */
export interface BatchReader {
  readonly count: number;
  /**
   * The examples of these numbers; the same memory each time. To be learnt from, changed as the task wants it by this seed; without one as
   * they are. `training/bad-data` for what the model cannot take.
   */
  read(indices: Int32Array, seed?: string): Rows;
  /** Numbers of as many examples as there are, each class as often. */
  balanced(seed: string): Int32Array;
}

/** Refuses with `training/bad-data` examples of another size than the model's. */
export function createBatchReader(
  spec: ModelSpec,
  examples: Examples,
  augment: Augmenter | null = null,
): BatchReader {
  const { input, output } = spec;
  const isTokens = input.kind === 'tokens';
  const inputSize = isTokens ? input.length : sizeOf(input.shape);
  const labelSize = output.kind === 'next-token' ? inputSize : 1;
  const classes = output.kind === 'classes' ? output.count : isTokens ? input.vocabulary : 0;
  if (examples.count < 1) throw new AppError('training/bad-data', 'There are no examples.');
  if (examples.inputSize !== inputSize || examples.labelSize !== labelSize)
    throw new AppError(
      'training/bad-data',
      `An example has ${examples.inputSize} numbers and ${examples.labelSize} labels; the model takes ${inputSize} and ${labelSize}.`,
    );
  let inputs = new Float32Array(0);
  let labels = new Int32Array(0);
  let draw: ReturnType<typeof createBalancedDraw> | null = null;

  function check(rows: Rows): Rows {
    for (let index = 0; index < rows.labels.length; index += 1)
      if ((rows.labels[index] as number) >= classes || (rows.labels[index] as number) < -1)
        throw new AppError('training/bad-data', `Label ${rows.labels[index]} is none of ${classes}.`);
    for (let index = 0; index < rows.inputs.length; index += 1) {
      const value = rows.inputs[index] as number;
      if (
        isTokens
          ? !(value >= 0 && value < input.vocabulary && Number.isInteger(value))
          : !Number.isFinite(value)
      )
        throw new AppError(
          'training/bad-data',
          `${value} is no ${isTokens ? 'token of the model' : 'number'}.`,
        );
    }
    return rows;
  }

  return {
    count: examples.count,
    read(indices, seed) {
      const count = indices.length;
      if (inputs.length < count * inputSize) {
        inputs = new Float32Array(count * inputSize);
        labels = new Int32Array(count * labelSize);
      }
      const rows = {
        count,
        inputs: inputs.subarray(0, count * inputSize),
        labels: labels.subarray(0, count * labelSize),
      };
      if (count > 0) examples.read(indices, rows);
      if (seed !== undefined) augment?.(rows.inputs, inputSize, seedOf(seed));
      return check(rows);
    },
    balanced(seed) {
      draw ??= createBalancedDraw(examples);
      return draw(examples.count, seedOf(seed));
    },
  };
}

/** Examples that lie in memory. */
export function memoryExamples({ inputs, labels }: MemoryData, spec: ModelSpec): Examples {
  const inputSize = spec.input.kind === 'tokens' ? spec.input.length : sizeOf(spec.input.shape);
  const labelSize = spec.output.kind === 'next-token' ? inputSize : 1;
  const count = labels.length / labelSize;
  if (!Number.isInteger(count) || inputs.length !== count * inputSize)
    throw new AppError(
      'training/bad-data',
      `${inputs.length} numbers and ${labels.length} labels are no examples of ${inputSize} and ${labelSize}.`,
    );
  return {
    count,
    inputSize,
    labelSize,
    read(indices, into) {
      indices.forEach((example, row) => {
        into.inputs.set(inputs.subarray(example * inputSize, (example + 1) * inputSize), row * inputSize);
        into.labels.set(labels.subarray(example * labelSize, (example + 1) * labelSize), row * labelSize);
      });
    },
    classOf: (index) => (labelSize === 1 ? (labels[index] as number) : -1),
    close: () => {},
  };
}
