import type { AppError } from '../errors.ts';
import { convolutionShape } from './convolution-shape.ts';
import type { Layer } from './model-spec.ts';
import { type InitialValue, type Parameter, sizeOf } from './parameter.ts';

interface LayerShapes {
  output: number[];
  parameters: Parameter[];
  /** Numbers in tables that are not learnt. */
  frozenSize?: number;
  /** Numbers that the layer keeps of one example besides its output. */
  keptSize?: number;
}
type Refuse = (why: string) => AppError;

/** Output and parameters of a layer upon an example of this shape. Throws what `refuse` gives for a shape that it cannot take. */
export function layerParameters(
  layer: Layer,
  input: number[],
  vocabulary: number,
  refuse: Refuse,
): LayerShapes {
  const last = input.at(-1) ?? 0;
  switch (layer.type) {
    case 'dense': {
      if (input.length > 2) throw refuse('an image is flattened or pooled first');
      const output = [...input.slice(0, -1), layer.units];
      return {
        output,
        parameters: dense('', last, layer.units, startFor(layer.activation, last, layer.units)),
        keptSize: layer.activation === 'gelu' ? sizeOf(output) : 0,
      };
    }
    case 'conv2d': {
      const [height, width, channels] = imageOf(input, refuse);
      const { outHeight, outWidth } = convolutionShape(layer, height, width);
      if (outHeight < 1 || outWidth < 1) throw refuse('the kernel is larger than the image');
      const patch = layer.kernel * layer.kernel * channels;
      const initial = startFor(layer.activation, patch, layer.kernel * layer.kernel * layer.filters);
      const output = [outHeight, outWidth, layer.filters];
      return {
        output,
        parameters: [
          { name: 'weights', shape: [layer.kernel, layer.kernel, channels, layer.filters], initial },
          { name: 'bias', shape: [layer.filters], initial: zeros },
        ],
        keptSize: layer.activation === 'gelu' ? sizeOf(output) : 0,
      };
    }
    case 'max-pool2d': {
      const [height, width, channels] = imageOf(input, refuse);
      if (Math.min(height, width) < layer.size) throw refuse('the window is larger than the image');
      return {
        output: [Math.floor(height / layer.size), Math.floor(width / layer.size), channels],
        parameters: [],
      };
    }
    case 'flatten':
      return { output: [sizeOf(input)], parameters: [] };
    case 'embedding':
      return embedding(layer, input, vocabulary);
    case 'positions': {
      const shape = sequenceOf(input, refuse);
      return { output: shape, parameters: [{ name: 'table', shape, initial: even(0.05) }] };
    }
    case 'lstm': {
      const [steps, size] = sequenceOf(input, refuse);
      const { units } = layer;
      return {
        output: layer.sequence ? [steps, units] : [units],
        parameters: [
          { name: 'weights', shape: [size, 4 * units], initial: glorot(size, 4 * units) },
          { name: 'recurrent', shape: [units, 4 * units], initial: glorot(units, 4 * units) },
          { name: 'bias', shape: [4 * units], initial: { kind: 'value', value: 'forget-gates' } },
        ],
        keptSize: steps * units * 10,
      };
    }
    case 'transformer': {
      const [steps, size] = sequenceOf(input, refuse);
      if (size % layer.heads !== 0) throw refuse(`${size} numbers do not share out to ${layer.heads} heads`);
      return transformer(layer, steps, size);
    }
    case 'layer-norm':
      if (input.length > 2) throw refuse('an image is flattened or pooled first');
      return { output: input, parameters: norm('', last), keptSize: sizeOf(input) };
    case 'mean-pool':
      if (input.length < 2) throw refuse('there is nothing to take the mean over');
      return { output: [last], parameters: [] };
  }
}

const zeros: InitialValue = { kind: 'value', value: 0 };
const even = (limit: number): InitialValue => ({ kind: 'even', limit });
/** Glorot, Bengio 2010. */
const glorot = (inputs: number, outputs: number): InitialValue => even(Math.sqrt(6 / (inputs + outputs)));

/** He et al. 2015 before a rectifier. */
const startFor = (activation: string, inputs: number, outputs: number): InitialValue =>
  activation === 'relu' || activation === 'gelu' ? even(Math.sqrt(6 / inputs)) : glorot(inputs, outputs);

function dense(prefix: string, inputs: number, units: number, initial = glorot(inputs, units)): Parameter[] {
  return [
    { name: `${prefix}weights`, shape: [inputs, units], initial },
    { name: `${prefix}bias`, shape: [units], initial: zeros },
  ];
}

function norm(prefix: string, size: number): Parameter[] {
  return [
    { name: `${prefix}gain`, shape: [size], initial: { kind: 'value', value: 1 } },
    { name: `${prefix}bias`, shape: [size], initial: zeros },
  ];
}

function embedding(layer: Layer & { type: 'embedding' }, input: number[], vocabulary: number): LayerShapes {
  const output = [...input, layer.units];
  const { frozen, units } = layer;
  if (!frozen)
    return { output, parameters: [{ name: 'table', shape: [vocabulary, units], initial: even(0.05) }] };
  const frozenSize = vocabulary * units;
  const { rank } = frozen;
  if (!rank) return { output, parameters: [], frozenSize };
  return {
    output,
    frozenSize,
    keptSize: sizeOf(input) * rank,
    // The adapter starts as no change: one of its two factors is zero.
    parameters: [
      { name: 'down', shape: [vocabulary, rank], initial: even(Math.sqrt(3 / rank)) },
      { name: 'up', shape: [rank, units], initial: zeros },
    ],
  };
}

function transformer(layer: Layer & { type: 'transformer' }, steps: number, size: number): LayerShapes {
  const { feedForward, heads } = layer;
  return {
    output: [steps, size],
    parameters: [
      ...norm('attention-norm-', size),
      ...dense('attention-', size, 3 * size),
      ...dense('projection-', size, size),
      ...norm('feed-forward-norm-', size),
      ...dense('up-', size, feedForward, startFor('gelu', size, feedForward)),
      ...dense('down-', feedForward, size),
    ],
    keptSize: steps * (9 * size + 2 * feedForward) + heads * steps * steps,
  };
}

function imageOf(input: number[], refuse: Refuse): [height: number, width: number, channels: number] {
  const [height, width, channels] = input;
  if (height === undefined || width === undefined || channels === undefined)
    throw refuse('it takes an image of height × width × channels');
  return [height, width, channels];
}

function sequenceOf(input: number[], refuse: Refuse): [steps: number, size: number] {
  const [steps, size] = input;
  if (input.length !== 2 || steps === undefined || size === undefined)
    throw refuse('it takes a sequence of vectors');
  return [steps, size];
}
