import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { mostFieldBytes } from './csv.ts';
import {
  type BuildContext,
  type BuiltSource,
  doesNotFit,
  exampleWidth,
  type Fill,
} from './example-source.ts';
import type { FolderFile } from './folder-files.ts';
import { decodeImage } from './image-decode.ts';
import { createImageSizer } from './image-size.ts';
import { createClassOf } from './labels.ts';
import { createPack } from './pack.ts';
import { createScaling } from './scaling.ts';
import { textPieces, whyNoText } from './text-pieces.ts';
import { createTokenPack } from './token-pack.ts';

export const mostImageFileBytes = 1 << 26;

/** Text files become tokens in a pack. One with a class is a field and may be as long; one that is learnt itself may have any length. */
export async function buildTexts(files: FolderFile[], context: BuildContext): Promise<BuiltSource> {
  const { format, problems, signal } = context;
  if (format.kind !== 'text') throw doesNotFit('The task does not learn from text.');
  const pack = createTokenPack(context, format);
  try {
    if (format.labels)
      await eachFile(files, mostFieldBytes, context, (bytes, file, classIndex) => {
        if (!isUtf8(bytes) || bytes.includes(0)) problems.add('encoding', { file });
        else if (!pack.add(bytes.toString('utf8').replace(/^\uFEFF/, ''), classIndex))
          problems.add('empty-text', { file });
      });
    else
      for (const { path: file } of files) {
        let isEmpty = true;
        try {
          for await (const piece of textPieces(file, signal)) isEmpty = !pack.add(piece, -1) && isEmpty;
          if (isEmpty) problems.add('empty-text', { file });
        } catch (thrown) {
          signal?.throwIfAborted();
          const why = whyNoText(thrown);
          if (!why) throw thrown;
          problems.add(why, { file });
        }
      }
    return pack.finish(files.length);
  } finally {
    pack.discard();
  }
}

/** Images become pixels of the task's size in a pack, so that each is decoded once and not in every epoch. */
export async function buildImages(files: FolderFile[], context: BuildContext): Promise<BuiltSource> {
  const { format, index, problems } = context;
  if (format.kind !== 'image') throw doesNotFit('The task does not learn from images.');
  const resize = createImageSizer(format);
  const scale = createScaling(format);
  const input = new Float32Array(exampleWidth(format));
  const pack = createPack(context.cacheDir, context.id);
  try {
    await eachFile(files, mostImageFileBytes, context, (bytes, file, classIndex) => {
      const pixels = decodeImage(bytes);
      if (!pixels) return problems.add('not-an-image', { file });
      const data = resize(pixels);
      scale(data, input);
      index.add(pack.write(data), data.length, classIndex, input);
    });
    pack.finish();
    return { file: pack.path, layout: 'pixels', rows: files.length };
  } finally {
    pack.discard();
  }
}

export function createPixelFill(format: BuildContext['format']): Fill {
  if (format.kind !== 'image') throw doesNotFit('The task does not learn from images.');
  const scale = createScaling(format);
  return (bytes, from, to, into) => void scale(bytes.subarray(from, to), into);
}

async function eachFile(
  files: FolderFile[],
  mostBytes: number,
  { format, problems, signal }: BuildContext,
  visit: (bytes: Buffer, file: string, classIndex: number) => void,
): Promise<void> {
  const classOf = createClassOf(format.labels ?? []);
  for (const { path: file, className, sizeBytes } of files) {
    signal?.throwIfAborted();
    const classIndex = format.labels && className !== null ? classOf(className) : -1;
    if (format.labels && className === null) problems.add('no-label', { file });
    else if (format.labels && classIndex === -1)
      problems.add('unknown-label', { file, value: className ?? '' });
    else if (sizeBytes > mostBytes) problems.add('field-too-large', { file });
    else {
      const bytes = await readFile(file).catch(() => null);
      if (bytes) visit(bytes, file, classIndex);
      else problems.add('unreadable', { file });
    }
  }
}
