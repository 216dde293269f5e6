import { AppError } from '../errors.ts';
import { layerParameters } from './layer-parameters.ts';
import { type Layer, type ModelSpec, modelSpecSchema } from './model-spec.ts';
import { type Parameter, sizeOf } from './parameter.ts';

/** A layer with the shapes of one example before and after it, and its parameters by number. */
export interface PlannedLayer {
  layer: Layer;
  index: number;
  input: number[];
  output: number[];
  firstParameter: number;
  parameterCount: number;
}

export interface ModelPlan {
  parameters: Parameter[];
  layers: PlannedLayer[];
  /** Numbers in all parameters. */
  size: number;
  /** Most numbers that the layers keep of one example while it is learnt. */
  activationSize: number;
}

export interface ModelLimits {
  /** Numbers in all parameters and in frozen tables. */
  parameters: number;
  /** Numbers kept of one example. */
  activations: number;
}

const defaultLimits: ModelLimits = { parameters: 50_000_000, activations: 64_000_000 };

/**
 * Shapes of a model's layers and parameters; allocates nothing of their size.
 * Refuses with `training/bad-model` layers that do not follow from one another, and with `training/model-too-large` what is over the limits.
 */
export function planModel(spec: ModelSpec, limits: Partial<ModelLimits> = {}): ModelPlan {
  const most = { ...defaultLimits, ...limits };
  const { input, layers: parts, output } = parseSpec(spec);
  const plan: ModelPlan = { parameters: [], layers: [], size: 0, activationSize: 0 };
  let frozenSize = 0;
  let shape = input.kind === 'numbers' ? input.shape : [input.length];
  plan.activationSize = sizeOf(shape);
  parts.forEach((layer, index) => {
    if ((layer.type === 'embedding') !== (input.kind === 'tokens' && index === 0))
      throw badModel(
        index,
        layer,
        'token ids become vectors in the first layer, and nothing else does',
        shape,
      );
    const vocabulary = input.kind === 'tokens' ? input.vocabulary : 0;
    const shapes = layerParameters(layer, shape, vocabulary, (why) => badModel(index, layer, why, shape));
    plan.layers.push({
      layer,
      index,
      input: shape,
      output: shapes.output,
      firstParameter: plan.parameters.length,
      parameterCount: shapes.parameters.length,
    });
    for (const parameter of shapes.parameters) {
      plan.parameters.push({ ...parameter, name: `${index}.${layer.type}.${parameter.name}` });
      plan.size += sizeOf(parameter.shape);
    }
    frozenSize += shapes.frozenSize ?? 0;
    plan.activationSize += sizeOf(shapes.output) + (shapes.keptSize ?? 0);
    shape = shapes.output;
  });
  checkOutput(shape, input.kind === 'tokens' ? [input.length, input.vocabulary] : null, output);
  if (plan.size === 0) throw new AppError('training/bad-model', 'The model has nothing to learn.');
  if (plan.size + frozenSize > most.parameters)
    throw tooLarge('numbers to learn', plan.size + frozenSize, most.parameters);
  if (plan.activationSize > most.activations)
    throw tooLarge('numbers for each example', plan.activationSize, most.activations);
  return plan;
}

/** Name and shape of each parameter, in the order in which weights are stored. Errors: see `planModel`. */
export function parameterShapes(spec: ModelSpec, limits: Partial<ModelLimits> = {}): Parameter[] {
  return planModel(spec, limits).parameters;
}

function parseSpec(spec: ModelSpec): ModelSpec {
  const { success, data, error } = modelSpecSchema.safeParse(spec);
  if (success) return data;
  const [issue] = error.issues;
  throw new AppError('training/bad-model', `The model is not one: ${issue?.message}.`, {
    data: { at: issue?.path.join('.') ?? '' },
  });
}

function checkOutput(shape: number[], tokens: number[] | null, output: ModelSpec['output']): void {
  const wanted = output.kind === 'classes' ? [output.count] : tokens;
  if (!wanted)
    throw new AppError('training/bad-model', 'Only a model of token ids can learn the next token.');
  if (wanted.join() !== shape.join())
    throw new AppError(
      'training/bad-model',
      `The last layer gives ${describe(shape)} numbers where the output has ${describe(wanted)}.`,
      { data: { given: shape, wanted } },
    );
}

const describe = (shape: number[]): string => shape.join(' × ');

function badModel(index: number, layer: Layer, why: string, shape: number[]): AppError {
  return new AppError('training/bad-model', `Layer ${index + 1} (${layer.type}) does not fit: ${why}.`, {
    data: { layer: index, type: layer.type, input: shape },
  });
}

function tooLarge(what: string, size: number, limit: number): AppError {
  return new AppError('training/model-too-large', `The model has ${size} ${what}; ${limit} are allowed.`, {
    data: { size, limit },
  });
}
