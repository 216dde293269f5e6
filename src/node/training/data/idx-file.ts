import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { AppError } from '#contract/errors.ts';
import { fileError } from './file-error.ts';

const unsignedByte = 0x08;

export interface IdxImages {
  count: number;
  width: number;
  height: number;
  channels: number;
  /** Where the first image starts. */
  from: number;
}

/**
 * Head of an IDX file of images (LeCun's MNIST format): 0, 0, 8 (unsigned bytes), the number of dimensions, each dimension in 32 bits
 * big-endian; then the bytes. Throws `training/data-unusable` where it is not that, or cut.
 */
export function readIdxImages(path: string): IdxImages {
  const { head, sizeBytes } = readHead(path);
  const [count = 0, height = 0, width = 0, channels = 1] = dimensionsOf(head, path);
  const dimensions = head[3] as number;
  const from = 4 + 4 * dimensions;
  if (dimensions < 3 || dimensions > 4 || width < 1 || height < 1 || (channels !== 1 && channels !== 3))
    throw unusable(path, `${path} holds no images.`);
  if (width > 4096 || height > 4096)
    throw unusable(path, `${path} holds images of more than 4096 pixels a side.`);
  if (sizeBytes !== from + count * width * height * channels)
    throw unusable(path, `${path} is cut, or longer than it says.`);
  return { count, width, height, channels, from };
}

/** The labels of an IDX file, a byte each. */
export function readIdxLabels(path: string): Uint8Array {
  const { head, sizeBytes } = readHead(path);
  const [count = 0, ...others] = dimensionsOf(head, path);
  if (others.length > 0) throw unusable(path, `${path} holds no labels.`);
  if (sizeBytes !== 8 + count) throw unusable(path, `${path} is cut, or longer than it says.`);
  return readFileSync(path).subarray(8);
}

function readHead(path: string): { head: Buffer; sizeBytes: number } {
  try {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(20);
      readSync(fd, head, 0, 20, 0);
      return { head, sizeBytes: fstatSync(fd).size };
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    throw fileError(thrown, path);
  }
}

function dimensionsOf(head: Buffer, path: string): number[] {
  const dimensions = head[3] as number;
  if (head[0] !== 0 || head[1] !== 0 || head[2] !== unsignedByte || dimensions < 1 || dimensions > 4)
    throw unusable(path, `${path} is no IDX file of bytes.`);
  return Array.from({ length: dimensions }, (_, index) => head.readUInt32BE(4 + 4 * index));
}

const unusable = (path: string, sentence: string) =>
  new AppError('training/data-unusable', sentence, { data: { path, reason: 'not-idx' } });
