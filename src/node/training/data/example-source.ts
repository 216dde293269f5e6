import type { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import type { DataFormat } from '#contract/federated/task.ts';
import type { IndexWriter } from './example-index.ts';
import type { Problems } from './problems.ts';

export type Layout = z.core.util.JSONType;

/** What a source gets to go through its data once for a task. */
export interface BuildContext {
  format: DataFormat;
  cacheDir: string;
  /** Of what the cache holds for this source and format. */
  id: string;
  index: Pick<IndexWriter, 'add'>;
  problems: Problems;
  signal: AbortSignal | undefined;
}

export interface BuiltSource {
  /** Where the offsets of the index are of. */
  file: string;
  /** What `createFill` needs to know again. */
  layout: Layout;
  /** Rows, files or images that were looked at. */
  rows: number;
}

/** Fills `into` with the numbers of the example that lies in bytes [from, to). */
export type Fill = (bytes: Buffer, from: number, to: number, into: Float32Array) => void;

/** Numbers of one example as it is read: the input, and the token after it where the next token is learnt. */
export function exampleWidth(format: DataFormat): number {
  if (format.kind === 'table') return format.columns;
  if (format.kind === 'image') return format.width * format.height * format.channels;
  return format.labels ? format.length : format.length + 1;
}

/** The source can't be made into examples of this format, whatever its rows hold. */
export const doesNotFit = (sentence: string) =>
  new AppError('training/data-unusable', sentence, { data: { reason: 'does-not-fit' } });
