import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smallModels } from '#testing/training-models.ts';
import { AppError } from '../errors.ts';
import { planModel } from './model-plan.ts';
import { type ModelSpec, modelSpecSchema } from './model-spec.ts';
import { sizeOf } from './parameter.ts';
import {
  decodeParameters,
  encodeParameters,
  initialWeights,
  parameterCount,
  parameterShapes,
  parametersSha256,
} from './parameters.ts';

const { mlp, transformer, adapter, lstm } = smallModels;
const spec = (change: object): ModelSpec => ({ ...mlp, ...change }) as ModelSpec;
const refusal = (model: ModelSpec): string => {
  try {
    parameterShapes(model);
    return 'none';
  } catch (error) {
    return (error as AppError).code;
  }
};

describe('shapes of a model', () => {
  it('are those of its layers, in their order', () => {
    expect(parameterShapes(mlp).map(({ name, shape }) => [name, shape])).toEqual([
      ['0.dense.weights', [6, 9]],
      ['0.dense.bias', [9]],
      ['1.dense.weights', [9, 3]],
      ['1.dense.bias', [3]],
    ]);
    expect(
      parameterShapes(adapter)
        .slice(0, 2)
        .map(({ shape }) => shape),
    ).toEqual([
      [13, 2],
      [2, 6],
    ]);
    expect(parameterCount(lstm)).toBe(11 * 5 + (5 + 6 + 1) * 24 + (6 + 4 + 1) * 16 + 4 * 3 + 3);
  });

  it('refuse a model of 10 GB before anything of it is made', () => {
    const layers = [
      { type: 'dense', units: 50_000 },
      { type: 'dense', units: 50_000 },
      { type: 'dense', units: 3 },
    ];
    expect(refusal(spec({ layers }))).toBe('training/model-too-large');
    const table = { type: 'embedding', units: 65_536, frozen: { seed: 1 } };
    const tokens = { kind: 'tokens', length: 4, vocabulary: 65_536 };
    const rest = [{ type: 'mean-pool' }, { type: 'dense', units: 3 }];
    expect(refusal(spec({ input: tokens, layers: [table, ...rest] }))).toBe('training/model-too-large');
    // Few weights, but attention over 4,096 steps by 64 heads.
    const wide = { ...tokens, length: 4096, vocabulary: 9 };
    const block = { type: 'transformer', heads: 64, feedForward: 8 };
    expect(refusal(spec({ input: wide, layers: [{ type: 'embedding', units: 64 }, block, ...rest] }))).toBe(
      'training/model-too-large',
    );
    expect(() => planModel(mlp, { parameters: 10 })).toThrow('10 are allowed');
  });

  it.each([
    ['the last layer is not the output', { layers: [{ type: 'dense', units: 4 }] }],
    ['an image layer upon a row', { layers: [{ type: 'max-pool2d', size: 2 }] }],
    ['a sequence layer upon a row', { layers: [{ type: 'lstm', units: 3 }] }],
    ['token ids that become no vectors', { input: { kind: 'tokens', length: 4, vocabulary: 9 } }],
    ['vectors twice', { layers: [{ type: 'embedding', units: 3 }] }],
    ['the next token of numbers', { output: { kind: 'next-token' } }],
    [
      'a kernel larger than the image',
      {
        input: { kind: 'numbers', shape: [4, 4, 1] },
        layers: [{ type: 'conv2d', filters: 2, kernel: 5, padding: 'valid' }],
      },
    ],
    [
      'heads that do not share out',
      {
        input: { kind: 'numbers', shape: [4, 5] },
        layers: [{ type: 'transformer', heads: 2, feedForward: 3 }],
      },
    ],
    ['nothing to learn', { input: { kind: 'numbers', shape: [3] }, layers: [{ type: 'flatten' }] }],
    ['no layer at all', { layers: [] }],
    ['a layer that is none', { layers: [{ type: 'eval', code: '1' }] }],
  ])('refuse %s', (_title, change) => {
    expect(refusal(spec(change))).toBe('training/bad-model');
  });

  it('are worked out or refused for any spec, at once', () => {
    const units = fc.integer({ min: 1, max: 65_536 });
    const layer = fc.oneof(
      fc.record({ type: fc.constant('dense'), units }),
      fc.record({ type: fc.constant('conv2d'), filters: units, kernel: fc.integer({ min: 1, max: 31 }) }),
      fc.record({ type: fc.constant('max-pool2d'), size: fc.integer({ min: 2, max: 8 }) }),
      fc.record({ type: fc.constantFrom('flatten', 'positions', 'layer-norm', 'mean-pool') }),
      fc.record({ type: fc.constantFrom('lstm', 'embedding'), units }),
    );
    const input = fc.record({
      kind: fc.constant('numbers'),
      shape: fc.array(units, { minLength: 1, maxLength: 3 }),
    });
    const output = fc.record({ kind: fc.constant('classes'), count: fc.integer({ min: 2, max: 65_536 }) });
    fc.assert(
      fc.property(
        fc.record({ input, layers: fc.array(layer, { minLength: 1, maxLength: 8 }), output }),
        (model) => {
          const code = refusal(model as ModelSpec);
          expect(['none', 'training/bad-model', 'training/model-too-large']).toContain(code);
          if (code === 'none') expect(parameterCount(model as ModelSpec)).toBeLessThanOrEqual(50_000_000);
        },
      ),
    );
  });
});

describe('weights', () => {
  it('start the same on every machine', () => {
    expect(parametersSha256(encodeParameters(transformer, initialWeights(transformer, 7)))).toBe(
      '02d1b9f18268d9929231a5cd7cd2960b6faadaca4d1b427d460e27a78c4ac7e4',
    );
    expect(initialWeights(transformer, 8)).not.toEqual(initialWeights(transformer, 7));
  });

  it('start within the limits of their layer, gates that forget nothing, an adapter that changes nothing', () => {
    const first = initialWeights(mlp, 1);
    expect(Math.max(...first.subarray(0, 54).map(Math.abs))).toBeLessThanOrEqual(1);
    expect([...first.subarray(54, 63)]).toEqual(Array(9).fill(0));
    const [, up] = parameterShapes(adapter);
    expect(
      up &&
        initialWeights(adapter, 1)
          .subarray(26, 26 + sizeOf(up.shape))
          .every((value) => value === 0),
    ).toBe(true);
    const gates = initialWeights(lstm, 1).subarray(55 + 11 * 24, 55 + 12 * 24);
    expect([...gates]).toEqual([...Array(6).fill(0), ...Array(6).fill(1), ...Array(12).fill(0)]);
  });

  it('are the same after they were bytes', () => {
    const size = parameterCount(mlp);
    const value = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: size, maxLength: size }), (numbers) => {
        const weights = Float32Array.from(numbers);
        const bytes = encodeParameters(mlp, weights);
        // Also where they lie at an odd place of a larger buffer.
        const moved = new Uint8Array(bytes.length + 1);
        moved.set(bytes, 1);
        expect(decodeParameters(mlp, moved.subarray(1))).toEqual(weights);
      }),
      { numRuns: 30 },
    );
  });

  it('are refused when they are of another model, cut, longer or no numbers', () => {
    const bytes = encodeParameters(mlp, initialWeights(mlp, 1));
    const refuses = (change: Uint8Array, model: ModelSpec = mlp) => {
      try {
        decodeParameters(model, change);
        return 'none';
      } catch (error) {
        return (error as AppError).code;
      }
    };
    expect(refuses(bytes)).toBe('none');
    expect(refuses(bytes, transformer)).toBe('training/bad-weights');
    for (let cut = 0; cut < bytes.length; cut += 7)
      expect(refuses(bytes.subarray(0, cut))).toBe('training/bad-weights');
    expect(refuses(Uint8Array.of(...bytes, 0))).toBe('training/bad-weights');
    const header = bytes.length - 4 * parameterCount(mlp);
    for (let place = 0; place < header; place += 1)
      expect(refuses(bytes.with(place, (bytes[place] as number) ^ 1))).toBe('training/bad-weights');
    // The exponent's bits all set: infinite, or no number.
    expect(refuses(bytes.with(bytes.length - 1, 0x7f).with(bytes.length - 2, 0xff))).toBe(
      'training/bad-weights',
    );
    expect(() => encodeParameters(mlp, new Float32Array(3))).toThrow(AppError);
  });

  it('of a spec that came as JSON without its defaults are those of the full one', () => {
    const bare = { ...mlp, layers: [mlp.layers[0], { type: 'dense', units: 3 }] };
    expect(initialWeights(bare as ModelSpec, 2)).toEqual(initialWeights(modelSpecSchema.parse(bare), 2));
  });
});
