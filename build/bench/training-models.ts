import { type ModelSpec, modelSpecSchema } from '#contract/federated/model-spec.ts';

const classes = { kind: 'classes', count: 10 };
const image = { kind: 'numbers', shape: [28, 28, 1] };
const text = { kind: 'tokens', length: 64, vocabulary: 65 };

/** The five models, as many examples a step as their batch says. `cnn-mcmahan` is that of the FedAvg paper (McMahan et al. 2017). */
export const benchModels: Record<string, { batch: number; model: ModelSpec }> = {
  mlp: of(32, {
    input: { kind: 'numbers', shape: [784] },
    layers: [
      { type: 'dense', units: 128, activation: 'relu' },
      { type: 'dense', units: 10 },
    ],
    output: classes,
  }),
  cnn: of(32, {
    input: image,
    layers: [
      { type: 'conv2d', filters: 8, kernel: 3, activation: 'relu' },
      { type: 'max-pool2d', size: 2 },
      { type: 'conv2d', filters: 16, kernel: 3, activation: 'relu' },
      { type: 'max-pool2d', size: 2 },
      { type: 'flatten' },
      { type: 'dense', units: 10 },
    ],
    output: classes,
  }),
  'cnn-mcmahan': of(32, {
    input: image,
    layers: [
      { type: 'conv2d', filters: 32, kernel: 5, activation: 'relu' },
      { type: 'max-pool2d', size: 2 },
      { type: 'conv2d', filters: 64, kernel: 5, activation: 'relu' },
      { type: 'max-pool2d', size: 2 },
      { type: 'flatten' },
      { type: 'dense', units: 512, activation: 'relu' },
      { type: 'dense', units: 10 },
    ],
    output: classes,
  }),
  transformer: of(8, {
    input: text,
    layers: [
      { type: 'embedding', units: 128 },
      { type: 'positions' },
      { type: 'transformer', heads: 4, feedForward: 512 },
      { type: 'transformer', heads: 4, feedForward: 512 },
      { type: 'layer-norm' },
      { type: 'dense', units: 65 },
    ],
    output: { kind: 'next-token' },
  }),
  lstm: of(8, {
    input: text,
    layers: [
      { type: 'embedding', units: 128 },
      { type: 'lstm', units: 128, sequence: true },
      { type: 'dense', units: 65 },
    ],
    output: { kind: 'next-token' },
  }),
};

function of(batch: number, model: unknown): { batch: number; model: ModelSpec } {
  return { batch, model: modelSpecSchema.parse(model) };
}
