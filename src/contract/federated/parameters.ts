import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { parameterShapes, planModel } from './model-plan.ts';
import type { ModelSpec } from './model-spec.ts';
import { type Parameter, sizeOf } from './parameter.ts';
import { seededRandom } from './seeded-random.ts';

/** "SLMW" and the format's version. */
const magic = Uint8Array.of(0x53, 0x4c, 0x4d, 0x57);
const version = 1;
const preambleBytes = 8;

export { parameterShapes };

/** How many numbers a model learns. Errors: see `planModel`. */
export const parameterCount = (spec: ModelSpec): number => planModel(spec).size;

/** The weights a model starts from, parameters one after the other; the same for a seed on every machine. */
export function initialWeights(spec: ModelSpec, seed: number | string): Float32Array {
  const { parameters, size } = planModel(spec);
  const weights = new Float32Array(size);
  let offset = 0;
  for (const parameter of parameters) {
    const count = sizeOf(parameter.shape);
    fill(weights.subarray(offset, offset + count), parameter, seed);
    offset += count;
  }
  return weights;
}

function fill(numbers: Float32Array, { name, initial }: Parameter, seed: number | string): void {
  if (initial.kind === 'even') {
    const random = seededRandom(`${seed}/${name}`);
    for (let index = 0; index < numbers.length; index += 1)
      numbers[index] = (2 * random() - 1) * initial.limit;
  } else if (initial.value === 'forget-gates') numbers.fill(1, numbers.length / 4, numbers.length / 2);
  else numbers.fill(initial.value);
}

/**
 * Weights as bytes, little-endian: "SLMW", version (u16), parameters (u16), each one's rank and extents (u32), then all numbers
 * as float32. Refuses with `training/bad-weights` a count that is not the model's, and numbers that are not finite.
 */
export function encodeParameters(spec: ModelSpec, weights: Float32Array): Uint8Array {
  const header = headerOf(parameterShapes(spec));
  checkWeights(spec, weights);
  const bytes = new Uint8Array(header.length + weights.byteLength);
  bytes.set(header);
  const view = new DataView(bytes.buffer, header.length);
  for (let index = 0; index < weights.length; index += 1)
    view.setFloat32(index * 4, weights[index] as number, true);
  return bytes;
}

/** The reverse of `encodeParameters`; `training/bad-weights` for bytes that are not weights of this very model. */
export function decodeParameters(spec: ModelSpec, bytes: Uint8Array): Float32Array {
  const { parameters, size } = planModel(spec);
  const header = headerOf(parameters);
  if (bytes.length !== header.length + 4 * size)
    throw new AppError('training/bad-weights', 'The weights are longer or shorter than the model’s.', {
      data: { bytes: bytes.length, wanted: header.length + 4 * size },
    });
  if (header.some((byte, index) => bytes[index] !== byte))
    throw new AppError('training/bad-weights', 'The weights are of another model or another format.');
  const view = new DataView(bytes.buffer, bytes.byteOffset + header.length);
  const weights = new Float32Array(size);
  for (let index = 0; index < size; index += 1) weights[index] = view.getFloat32(index * 4, true);
  checkWeights(spec, weights);
  return weights;
}

/** Refuses with `training/bad-weights` a count that is not the model's, and numbers that are not finite. */
export function checkWeights(spec: ModelSpec, weights: Float32Array): void {
  const { size } = planModel(spec);
  if (weights.length !== size)
    throw new AppError(
      'training/bad-weights',
      `The model has ${size} weights, and ${weights.length} are there.`,
    );
  for (let index = 0; index < size; index += 1)
    if (!Number.isFinite(weights[index]))
      throw new AppError('training/bad-weights', `Weight ${index} is not a number.`, { data: { index } });
}

/** Lower-case hex of the SHA-256 over a model's encoded weights. */
export const parametersSha256 = (encoded: Uint8Array): string =>
  createHash('sha256').update(encoded).digest('hex');

function headerOf(parameters: Parameter[]): Uint8Array {
  const numbers = parameters.flatMap(({ shape }) => [shape.length, ...shape]);
  const header = new Uint8Array(preambleBytes + 4 * numbers.length);
  header.set(magic);
  const view = new DataView(header.buffer);
  view.setUint16(4, version, true);
  view.setUint16(6, parameters.length, true);
  numbers.forEach((number, index) => {
    view.setUint32(preambleBytes + 4 * index, number, true);
  });
  return header;
}
