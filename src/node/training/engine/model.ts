import type { Tensor } from '@tensorflow/tfjs-core';
import { type ModelPlan, type PlannedLayer, planModel } from '#contract/federated/model-plan.ts';
import type { ModelSpec } from '#contract/federated/model-spec.ts';
import { denseProgram } from './layers/dense.ts';
import { conv2dProgram, maxPoolProgram } from './layers/images.ts';
import {
  embeddingProgram,
  frozenEmbeddingProgram,
  layerNormProgram,
  lstmProgram,
  meanPoolProgram,
  positionsProgram,
} from './layers/sequences.ts';
import type { LayerProgram, Pass, Site } from './layers/site.ts';
import { transformerProgram } from './layers/transformer.ts';
import type { Ops } from './ops.ts';

/** Parameters of the whole model that a site's gradients belong to. */
export interface ModelSite extends Site {
  firstParameter: number;
}

export interface Model {
  readonly plan: ModelPlan;
  /** Classes, or the vocabulary. */
  readonly classes: number;
  /** The logits of a batch, and how their gradient goes back; inputs are rows of numbers or of token ids. */
  forward(
    inputs: Tensor,
    weights: Tensor[],
    examples: number,
  ): { logits: Tensor; backward(dy: Tensor): ModelSite[] };
  dispose(): void;
}

/** The computation that a spec describes. */
export function createModel(ops: Ops, spec: ModelSpec): Model {
  const plan = planModel(spec);
  const constants: Tensor[] = [];
  const vocabulary = spec.input.kind === 'tokens' ? spec.input.vocabulary : 0;
  const programs = plan.layers.map((planned) => programOf(ops, planned, vocabulary, constants));
  const firstLearning = plan.layers.findIndex(({ parameterCount }) => parameterCount > 0);
  const parametersOf = (weights: Tensor[], { firstParameter, parameterCount }: PlannedLayer) =>
    weights.slice(firstParameter, firstParameter + parameterCount);

  return {
    plan,
    classes: spec.output.kind === 'classes' ? spec.output.count : vocabulary,
    forward(inputs, weights, examples) {
      const passes: Pass[] = [];
      let x = inputs;
      programs.forEach((program, index) => {
        const pass = program.forward(x, parametersOf(weights, plan.layers[index] as PlannedLayer), examples);
        passes.push(pass);
        x = pass.output;
      });
      return {
        logits: x,
        backward(dy) {
          const sites: ModelSite[] = [];
          let gradient: Tensor | null = dy;
          for (let index = passes.length - 1; index >= firstLearning && gradient; index -= 1) {
            const { firstParameter } = plan.layers[index] as PlannedLayer;
            const back = (passes[index] as Pass).backward(gradient, index > firstLearning);
            sites.push(...back.sites.map((site) => ({ ...site, firstParameter })));
            gradient = back.dx;
          }
          return sites;
        },
      };
    },
    dispose() {
      for (const tensor of constants) tensor.dispose();
    },
  };
}

function programOf(ops: Ops, planned: PlannedLayer, vocabulary: number, constants: Tensor[]): LayerProgram {
  const { layer } = planned;
  switch (layer.type) {
    case 'dense':
      return denseProgram(ops, planned, layer.activation);
    case 'conv2d':
      return conv2dProgram(ops, planned, layer);
    case 'max-pool2d':
      return maxPoolProgram(ops, planned, layer.size);
    case 'flatten':
      return { forward: (x) => ({ output: x, backward: (dy) => ({ dx: dy, sites: [] }) }) };
    case 'embedding': {
      if (!layer.frozen) return embeddingProgram(ops, planned, vocabulary);
      const program = frozenEmbeddingProgram(ops, planned, vocabulary, layer.frozen);
      constants.push(...program.constants);
      return program;
    }
    case 'positions':
      return positionsProgram(ops, planned);
    case 'lstm':
      return lstmProgram(ops, planned, layer.sequence);
    case 'transformer':
      return transformerProgram(ops, planned, layer);
    case 'layer-norm':
      return layerNormProgram(ops, planned);
    case 'mean-pool':
      return meanPoolProgram(ops, planned);
  }
}
