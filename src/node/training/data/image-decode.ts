import { convertIndexedToRgb, decode as decodePng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import type { Pixels } from './image-size.ts';

/** A picture beyond this is refused before it is unpacked. */
const mostMegapixels = 64;
const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex');

/** A PNG's or JPEG's pixels, grey or RGB, on white where it is transparent; null where it is neither, broken, or too large. */
export function decodeImage(file: Buffer): Pixels | null {
  try {
    if (file.subarray(0, 8).equals(pngSignature)) return fromPng(file);
    if (file[0] === 0xff && file[1] === 0xd8) return fromJpeg(file);
  } catch {
    // What the decoder stumbles over is no picture for us either.
  }
  return null;
}

function fromJpeg(file: Buffer): Pixels {
  const options = {
    useTArray: true,
    formatAsRGBA: false,
    maxResolutionInMP: mostMegapixels,
    maxMemoryUsageInMB: 1024,
  } as const;
  const { width, height, data } = decodeJpeg(file, options);
  return { width, height, channels: 3, data };
}

function fromPng(file: Buffer): Pixels | null {
  const [wide, high] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  if (wide * high > mostMegapixels * 1e6) return null;
  const png = decodePng(file, { checkCrc: true });
  const { width, height, palette } = png;
  if (palette) {
    const channels = palette[0]?.length ?? 3;
    return onWhite({ width, height, channels, data: convertIndexedToRgb(png) });
  }
  return onWhite({
    width,
    height,
    channels: png.channels,
    data: toBytes(png.data, png.depth, width * png.channels),
  });
}

/** Samples of 1, 2, 4 and 16 bits as bytes; those under a byte stand packed, each row from a new byte. */
function toBytes(data: ArrayLike<number>, depth: number, rowSamples: number): Uint8Array {
  if (depth === 8) return Uint8Array.from(data);
  if (depth === 16) return Uint8Array.from(data, (sample) => sample >> 8);
  const rowBytes = Math.ceil((rowSamples * depth) / 8);
  const rows = Math.floor(data.length / rowBytes);
  const most = (1 << depth) - 1;
  return Uint8Array.from({ length: rows * rowSamples }, (_, index) => {
    const bit = (index % rowSamples) * depth;
    const byte = data[Math.floor(index / rowSamples) * rowBytes + (bit >> 3)] as number;
    return Math.round((((byte >> (8 - depth - (bit & 7))) & most) * 255) / most);
  });
}

/** Takes an alpha channel, the second or fourth, out. */
function onWhite(pixels: Pixels): Pixels {
  const { width, height, channels, data } = pixels;
  if (channels % 2 === 1) return pixels;
  const kept = channels - 1;
  const result = new Uint8Array(width * height * kept);
  for (let at = 0; at < width * height; at += 1) {
    const alpha = (data[at * channels + kept] as number) / 255;
    for (let channel = 0; channel < kept; channel += 1)
      result[at * kept + channel] = Math.round(
        255 + ((data[at * channels + channel] as number) - 255) * alpha,
      );
  }
  return { width, height, channels: kept, data: result };
}
