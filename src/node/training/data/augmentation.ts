import { AppError } from '#contract/errors.ts';
import type { Augmentation, LocalTraining, TrainingTask } from '#contract/federated/task.ts';
import { trainingFault } from '#contract/federated/training-fault.ts';
import { createRandom } from './random.ts';

/** Changes inputs of `size` numbers, one after the other, in place. */
export type Augmenter = (inputs: Float32Array, size: number, seed: number) => void;
type Change = (input: Float32Array, random: () => number) => void;

/**
 * What a task does to examples before they are learnt from; null where it does nothing. How one is changed follows from the seed, its own
 * content and how many like it came before: never from other examples, so that under privacy none of them shows in another's gradient.
 * Throws `training/bad-task` where the data are of another kind.
 */
export function createAugmenter(
  task: Pick<TrainingTask, 'data'>,
  training: Pick<LocalTraining, 'augmentation' | 'balance'>,
): Augmenter | null {
  const fault = trainingFault(task, training);
  if (fault !== null) throw new AppError('training/bad-task', fault);
  const change = training.augmentation && changeOf(task, training.augmentation);
  if (!change) return null;
  return (inputs, size, seed) => {
    const copies = new Map<number, number>();
    for (let start = 0; start < inputs.length; start += size) {
      const input = inputs.subarray(start, start + size);
      const content = hashOf(input, seed);
      const before = copies.get(content) ?? 0;
      copies.set(content, before + 1);
      change(input, createRandom(Math.imul(content ^ before, 0x85ebca6b)));
    }
  };
}

/** FNV-1a over the numbers' bits. */
function hashOf(input: Float32Array, seed: number): number {
  const bits = new Uint32Array(input.buffer, input.byteOffset, input.length);
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < bits.length; at += 1) {
    hash = Math.imul(hash ^ (bits[at] as number), 0x01000193);
    // The high bits of a float are those that differ.
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

function changeOf({ data }: Pick<TrainingTask, 'data'>, augmentation: Augmentation): Change | null {
  if (augmentation.kind === 'text') {
    const chance = augmentation.tokenDropoutPercent / 100;
    return (input, random) => dropTokens(input, chance, random);
  }
  if (data.kind !== 'image') return null;
  const { width, height, channels } = data;
  const { shiftPixels = 0, flip = false, cropPercent = 100 } = augmentation;
  const copy = new Float32Array(width * height * channels);
  return (input, random) => {
    if (input.length !== copy.length)
      throw new AppError(
        'training/bad-data',
        `An example has ${input.length} numbers, an image ${copy.length}.`,
      );
    const part = 1 - random() * (1 - cropPercent / 100);
    const [left, top] = [random() * (1 - part) * width, random() * (1 - part) * height];
    const shift = () => Math.round((random() * 2 - 1) * shiftPixels);
    const place = { part, left: left + shift(), top: top + shift(), isFlipped: flip && random() < 0.5 };
    copy.set(input);
    resample(copy, input, data, place);
  };
}

interface Place {
  part: number;
  left: number;
  top: number;
  isFlipped: boolean;
}

/** Takes each pixel from its place in the part, bilinear; what lies outside of the image is 0. */
function resample(
  from: Float32Array,
  to: Float32Array,
  size: { width: number; height: number; channels: number },
  place: Place,
): void {
  const { width, height, channels } = size;
  const at = (x: number, y: number, channel: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (from[(y * width + x) * channels + channel] as number);
  for (let y = 0; y < height; y += 1) {
    const sourceY = place.top + (y + 0.5) * place.part - 0.5;
    const y0 = Math.floor(sourceY);
    const down = sourceY - y0;
    for (let x = 0; x < width; x += 1) {
      const column = place.isFlipped ? width - 1 - x : x;
      const sourceX = place.left + (column + 0.5) * place.part - 0.5;
      const x0 = Math.floor(sourceX);
      const right = sourceX - x0;
      for (let channel = 0; channel < channels; channel += 1) {
        const upper = at(x0, y0, channel) * (1 - right) + at(x0 + 1, y0, channel) * right;
        const lower = at(x0, y0 + 1, channel) * (1 - right) + at(x0 + 1, y0 + 1, channel) * right;
        to[(y * width + x) * channels + channel] = upper * (1 - down) + lower * down;
      }
    }
  }
}

/** The rest moves together; one token always stays. */
function dropTokens(input: Float32Array, chance: number, random: () => number): void {
  let kept = 0;
  const first = input[0] as number;
  for (let index = 0; index < input.length; index += 1) {
    const token = input[index] as number;
    if (token === 0 || random() < chance) continue;
    input[kept] = token;
    kept += 1;
  }
  if (kept === 0) {
    input[0] = first;
    kept = 1;
  }
  input.fill(0, kept);
}
