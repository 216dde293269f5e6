import { open } from 'node:fs/promises';
import { AppError } from '#contract/errors.ts';
import type { DataFormat } from '#contract/federated/task.ts';
import {
  type BuildContext,
  type BuiltSource,
  doesNotFit,
  exampleWidth,
  type Fill,
} from './example-source.ts';
import { type IdxImages, readIdxImages, readIdxLabels } from './idx-file.ts';
import { createImageSizer } from './image-size.ts';
import { createClassOf } from './labels.ts';
import { addClipped, createScaling } from './scaling.ts';
import { dataChanged } from './stamp.ts';

const chunkBytes = 1 << 20;

/** Images and labels of an IDX pair; the images are read where they lie. */
export async function buildIdx(images: string, labels: string, context: BuildContext): Promise<BuiltSource> {
  const { format, index, problems, signal } = context;
  const head = readIdxImages(images);
  const classes = readIdxLabels(labels);
  if (classes.length !== head.count)
    throw new AppError(
      'training/data-unusable',
      `There are ${head.count} images and ${classes.length} labels.`,
      {
        data: { path: labels, reason: 'not-idx' },
      },
    );
  const fill = createIdxFill(head, format, (row, clipped) => addClipped(problems, row, clipped));
  const classOf = createClassOf(format.labels ?? []);
  const size = head.width * head.height * head.channels;
  const bytes = Buffer.alloc(size * Math.max(1, Math.floor(chunkBytes / size)));
  const input = new Float32Array(exampleWidth(format));
  const file = await open(images);
  try {
    for (let done = 0; done < head.count; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(bytes, 0, bytes.length, head.from + done * size);
      const whole = Math.floor(bytesRead / size);
      if (whole === 0) throw dataChanged(images);
      for (let at = 0; at < whole; at += 1, done += 1) {
        const label = String(classes[done]);
        const classIndex = classOf(label);
        if (classIndex === -1) {
          problems.add('unknown-label', { row: done + 1, value: label });
          continue;
        }
        fill(bytes, at * size, (at + 1) * size, input, done + 1);
        index.add(head.from + done * size, size, classIndex, input);
      }
    }
  } finally {
    await file.close();
  }
  return { file: images, layout: { ...head }, rows: head.count };
}

/** Bytes of one image to the format's numbers: a table takes them as columns, an image in its own size. */
export function createIdxFill(
  { width, height, channels }: IdxImages,
  format: DataFormat,
  onClipped: (row: number, count: number) => void = () => {},
): (...args: [...Parameters<Fill>, row?: number]) => void {
  if (format.kind === 'text') throw doesNotFit('The task learns from text, and these are images.');
  const size = width * height * channels;
  if (format.kind === 'table' && format.columns !== size)
    throw doesNotFit(`An image has ${size} numbers, and the task takes ${format.columns}.`);
  const scale = createScaling(format);
  const resize = format.kind === 'image' ? createImageSizer(format) : null;
  return (bytes, from, to, into, row = 0) => {
    const raw = bytes.subarray(from, to);
    onClipped(row, scale(resize ? resize({ width, height, channels, data: raw }) : raw, into));
  };
}
