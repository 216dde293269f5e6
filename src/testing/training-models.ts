import type { ModelSpec } from '#contract/federated/model-spec.ts';
import { modelSpecSchema } from '#contract/federated/model-spec.ts';
import { seededRandom } from '#contract/federated/seeded-random.ts';
import { localTrainingSchema, type TrainingTask, trainingTaskSchema } from '#contract/federated/task.ts';
import type { MemoryData } from '#contract/federated/trainer-messages.ts';

const spec = (model: unknown): ModelSpec => modelSpecSchema.parse(model);
const text = (length: number, vocabulary: number) => ({ kind: 'tokens', length, vocabulary });

/** Small models of every kind of layer, which tests train in a moment. */
export const smallModels = {
  mlp: spec({
    input: { kind: 'numbers', shape: [6] },
    layers: [
      { type: 'dense', units: 9, activation: 'relu' },
      { type: 'dense', units: 3 },
    ],
    output: { kind: 'classes', count: 3 },
  }),
  cnn: spec({
    input: { kind: 'numbers', shape: [8, 7, 2] },
    layers: [
      { type: 'conv2d', filters: 5, kernel: 3, activation: 'tanh' },
      { type: 'max-pool2d', size: 2 },
      { type: 'conv2d', filters: 6, kernel: 3, stride: 2, padding: 'valid', activation: 'gelu' },
      { type: 'flatten' },
      { type: 'dense', units: 4 },
    ],
    output: { kind: 'classes', count: 4 },
  }),
  lstm: spec({
    input: text(6, 11),
    layers: [
      { type: 'embedding', units: 5 },
      { type: 'lstm', units: 6, sequence: true },
      { type: 'lstm', units: 4 },
      { type: 'dense', units: 3 },
    ],
    output: { kind: 'classes', count: 3 },
  }),
  transformer: spec({
    input: text(5, 9),
    layers: [
      { type: 'embedding', units: 8 },
      { type: 'positions' },
      { type: 'transformer', heads: 2, feedForward: 12 },
      { type: 'layer-norm' },
      { type: 'dense', units: 9 },
    ],
    output: { kind: 'next-token' },
  }),
  adapter: spec({
    input: text(7, 13),
    layers: [
      { type: 'embedding', units: 6, frozen: { seed: 5, rank: 2 } },
      { type: 'transformer', heads: 3, feedForward: 7, causal: false },
      { type: 'mean-pool' },
      { type: 'dense', units: 4, activation: 'sigmoid' },
      { type: 'dense', units: 2 },
    ],
    output: { kind: 'classes', count: 2 },
  }),
} as const;

/** Examples that follow no rule, from a seed; some next tokens are left out. */
export function randomData({ input, output }: ModelSpec, count: number, seed = 'data'): MemoryData {
  const random = seededRandom(seed);
  const isTokens = input.kind === 'tokens';
  const inputSize = isTokens ? input.length : input.shape.reduce((size, extent) => size * extent, 1);
  const inputs = Float32Array.from({ length: count * inputSize }, () =>
    isTokens ? Math.floor(random() * input.vocabulary) : 2 * random() - 1,
  );
  const labels =
    output.kind === 'classes'
      ? Int32Array.from({ length: count }, () => Math.floor(random() * output.count))
      : inputs.map((token) => (random() < 0.2 ? -1 : token));
  return { kind: 'memory', inputs, labels: Int32Array.from(labels) };
}

/** Points around a centre for each class: what a small model learns in a few epochs. */
export function clusteredData(count: number, seed = 'clusters'): MemoryData {
  const random = seededRandom(seed);
  const labels = Int32Array.from({ length: count }, (_, index) => index % 3);
  const inputs = Float32Array.from({ length: count * 6 }, (_, index) => {
    const label = labels[Math.floor(index / 6)] as number;
    return (index % 3 === label ? 1 : 0) + 0.6 * (random() - 0.5);
  });
  return { kind: 'memory', inputs, labels };
}

export function sampleTask(model: ModelSpec): TrainingTask {
  return trainingTaskSchema.parse({
    taskId: 'sample',
    name: 'Sample',
    model,
    data: { kind: 'table', columns: 6, scale: [{ offset: 0, factor: 1 }], labels: ['a', 'b', 'c'] },
  });
}

export const sampleTraining = (training: Record<string, unknown> = {}) => localTrainingSchema.parse(training);
