import type { DataFormat } from '#contract/federated/task.ts';

/** Row-major, channels together; 0–255. */
export interface Pixels {
  width: number;
  height: number;
  channels: number;
  data: Uint8Array;
}

type Size = Pick<Extract<DataFormat, { kind: 'image' }>, 'width' | 'height' | 'channels'>;

/**
 * Brings images to a task's size and channels. The picture is stretched to the size, each pixel weighed by a triangle of the size of its
 * step (bilinear; an average where it shrinks); colour becomes grey by Rec. 601, grey becomes three equal channels.
 */
export function createImageSizer({ width, height, channels }: Size): (pixels: Pixels) => Uint8Array {
  return (pixels) => {
    const coloured = toChannels(pixels, channels);
    if (coloured.width === width && coloured.height === height) return coloured.data;
    const wide = resizeRows(coloured, width);
    return transpose(resizeRows(transpose(wide), height)).data;
  };
}

function toChannels(pixels: Pixels, channels: number): Pixels {
  if (pixels.channels === channels) return pixels;
  const { width, height, data } = pixels;
  const count = width * height;
  const result = new Uint8Array(count * channels);
  for (let at = 0; at < count; at += 1) {
    if (channels === 3) result.fill(data[at] as number, at * 3, at * 3 + 3);
    else {
      const [red = 0, green = 0, blue = 0] = [data[at * 3], data[at * 3 + 1], data[at * 3 + 2]];
      result[at] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    }
  }
  return { width, height, channels, data: result };
}

function resizeRows({ width, height, channels, data }: Pixels, newWidth: number): Pixels {
  const result = new Uint8Array(newWidth * height * channels);
  const step = width / newWidth;
  const reach = Math.max(1, step);
  for (let x = 0; x < newWidth; x += 1) {
    const centre = (x + 0.5) * step - 0.5;
    const first = Math.max(0, Math.ceil(centre - reach));
    const last = Math.min(width - 1, Math.floor(centre + reach));
    const weights = Array.from({ length: last - first + 1 }, (_, index) =>
      Math.max(0, 1 - Math.abs(first + index - centre) / reach),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (let y = 0; y < height; y += 1)
      for (let channel = 0; channel < channels; channel += 1) {
        let value = 0;
        for (let index = 0; index < weights.length; index += 1)
          value +=
            (weights[index] as number) * (data[(y * width + first + index) * channels + channel] as number);
        result[(y * newWidth + x) * channels + channel] = Math.round(value / sum);
      }
  }
  return { width: newWidth, height, channels, data: result };
}

function transpose({ width, height, channels, data }: Pixels): Pixels {
  const result = new Uint8Array(data.length);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      for (let channel = 0; channel < channels; channel += 1)
        result[(x * height + y) * channels + channel] = data[(y * width + x) * channels + channel] as number;
  return { width: height, height: width, channels, data: result };
}
