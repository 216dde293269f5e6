import type { DataFormat } from '#contract/federated/task.ts';
import { createRandom } from './random.ts';

/** Small changes to training examples that do not change their class. */
export interface Augmentation {
  seed: number;
  /** Images are moved by up to so many pixels either way; the border stays empty. */
  shiftPixels?: number;
  /** Images are mirrored half of the time: only where left and right mean nothing. */
  flip?: boolean;
  /** A random part of at least so many percent of each side is enlarged to the whole. */
  cropPercent?: number;
  /** Each token of a text is taken out with this chance. */
  tokenDropoutPercent?: number;
}

/** Changes an input in place. Seeded: examples read in the same order are changed alike. Tables stay as they are. */
export function createAugmenter(
  format: DataFormat,
  augmentation: Augmentation,
): ((input: Float32Array) => void) | null {
  const random = createRandom(augmentation.seed);
  if (format.kind === 'text') {
    const chance = (augmentation.tokenDropoutPercent ?? 0) / 100;
    // Without a token the next one could not be learnt as it was written.
    return chance > 0 && format.labels ? (input) => dropTokens(input, chance, random) : null;
  }
  if (format.kind === 'table') return null;
  const { shiftPixels = 0, flip = false, cropPercent = 100 } = augmentation;
  if (shiftPixels === 0 && !flip && cropPercent >= 100) return null;
  const copy = new Float32Array(format.width * format.height * format.channels);
  return (input) => {
    const part = 1 - random() * (1 - cropPercent / 100);
    const [left, top] = [random() * (1 - part) * format.width, random() * (1 - part) * format.height];
    const shift = () => Math.round((random() * 2 - 1) * shiftPixels);
    const place = { part, left: left + shift(), top: top + shift(), isFlipped: flip && random() < 0.5 };
    copy.set(input);
    resample(copy, input, format, place);
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
