import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { AppError } from '#contract/errors.ts';
import type { DataFormat } from '#contract/federated/task.ts';
import type { DataReport, DataSource } from '#contract/training-data.ts';
import { createIndexWriter, type IndexHead, readEntries, readIndexHead } from './example-index.ts';
import { exampleWidth, type Fill } from './example-source.ts';
import type { Examples } from './examples.ts';
import { fileError } from './file-error.ts';
import { collectProblems } from './problems.ts';
import { buildSource, createFill, type DataPlaces, type ReadySource, readySource } from './ready-source.ts';
import { createSplit, type Side } from './split.ts';
import { cacheId, dataChanged, sourceId, stampOf } from './stamp.ts';

/** Fewer usable examples are told as a problem. */
const fewExamples = 20;

/** Of different inputs, about so many are held back. */
export const usualValidationPercent = 20;
const defaultSalt = 'solanalm/split/1';

export interface OpenOptions extends DataPlaces {
  split: Side;
  /** Of different inputs, about. */
  validationPercent?: number;
  /** Another salt splits otherwise; a task's id, say. */
  salt?: string;
  signal?: AbortSignal;
}

export interface OpenedExamples extends Examples {
  /** Examples of each class on this side of the split; empty where the text itself is learnt. */
  readonly classCounts: readonly number[];
  /** Of the whole source, both sides. */
  readonly report: DataReport;
}

/**
 * Opens a source's examples for a task's format; the first time, or when its files have changed, in one pass over them. Throws
 * `training/data-unusable` where nothing (of this side) can be used, and what `readySource` throws.
 */
export async function openExamples(
  source: DataSource,
  format: DataFormat,
  options: OpenOptions,
): Promise<OpenedExamples> {
  const { split, validationPercent = usualValidationPercent, salt = defaultSalt } = options;
  const { ready, head } = await indexOf(source, format, options);
  if (head.count === 0) throw nothingUsable(head.report);
  const entries = readEntries(options.cacheDir, head, createSplit(split, validationPercent, salt));
  if (entries.count === 0 && split !== 'validation') throw nothingUsable(head.report);
  const fill = createFill(ready, format, head.layout);
  const file = openFile(head);
  const width = exampleWidth(format);
  const isNextToken = format.kind === 'text' && !format.labels;
  const inputSize = isNextToken ? width - 1 : width;
  const classCounts = (format.labels ?? []).map(() => 0);
  for (let index = 0; index < entries.count; index += 1) {
    const found = entries.classes[index] as number;
    if (found !== -1) classCounts[found] = (classCounts[found] ?? 0) + 1;
  }

  return {
    count: entries.count,
    inputSize,
    labelSize: isNextToken ? inputSize : 1,
    classCounts,
    report: head.report,
    classOf: (index) => entries.classes[index] as number,
    close: file.close,
    read(indices, into) {
      file.check();
      const window = isNextToken ? new Float32Array(width) : null;
      for (let row = 0; row < indices.length; row += 1) {
        const index = indices[row] as number;
        if (!(index >= 0 && index < entries.count))
          throw new RangeError(`No example ${index} of ${entries.count}.`);
        const input = into.inputs.subarray(row * inputSize, (row + 1) * inputSize);
        file.read(entries.offsets[index] as number, entries.lengths[index] as number, fill, window ?? input);
        if (window) {
          input.set(window.subarray(0, inputSize));
          for (let at = 0; at < inputSize; at += 1) into.labels[row * inputSize + at] = window[at + 1] || -1;
        } else into.labels[row] = entries.classes[index] as number;
      }
    },
  };
}

/** What of a source a task can use; the index it takes is kept for training. Throws what `readySource` throws. */
export async function checkData(
  source: DataSource,
  format: DataFormat,
  options: DataPlaces & { signal?: AbortSignal | undefined },
): Promise<DataReport> {
  return (await indexOf(source, format, options)).head.report;
}

async function indexOf(
  source: DataSource,
  format: DataFormat,
  options: DataPlaces & { signal?: AbortSignal | undefined },
): Promise<{ ready: ReadySource; head: IndexHead }> {
  const { cacheDir, signal } = options;
  const problems = collectProblems();
  const ready = await readySource(source, options, problems, signal);
  const id = sourceId(source) + cacheId(format);
  const known = readIndexHead(cacheDir, id, ready.stamp);
  if (known && (await isThere(known))) return { ready, head: known };
  if (format.kind === 'text' && format.tokens === 'bytes' && format.vocabulary < 257)
    throw new AppError('training/data-unusable', 'A vocabulary of bytes has 257 tokens.', {
      data: { reason: 'does-not-fit' },
    });
  const index = createIndexWriter(cacheDir, id);
  const counts = new Uint32Array(format.labels?.length ?? 0);
  const add: typeof index.add = (offset, length, classIndex, input) => {
    index.add(offset, length, classIndex, input);
    if (classIndex >= 0) counts[classIndex] = (counts[classIndex] as number) + 1;
  };
  try {
    const { file, layout, rows } = await buildSource(ready, {
      format,
      cacheDir,
      id,
      index: { add },
      problems,
      signal,
    });
    // Files that changed while they were read gave an index of neither state.
    const after = await readySource(source, options, collectProblems(), signal);
    if (after.stamp !== ready.stamp) throw dataChanged(file);
    const classes = (format.labels ?? []).map((label, at) => ({ label, count: counts[at] as number }));
    addDoubts(classes, index.count);
    const found = problems.list();
    const leftOut = found.reduce((sum, { leavesOut, count }) => sum + (leavesOut ? count : 0), 0);
    const report = { rows, usable: index.count, leftOut, classes, problems: found };
    const fileStamp = stampOf(await stat(file));
    return { ready, head: index.finish({ stamp: ready.stamp, file, fileStamp, layout, report }) };
  } catch (thrown) {
    throw fileError(thrown, cacheDir);
  } finally {
    index.discard();
  }

  function addDoubts(classes: DataReport['classes'], count: number): void {
    const present = classes.filter((entry) => entry.count > 0).length;
    if (count > 0 && count < fewExamples) problems.add('too-few', undefined, count);
    if (classes.length === 0 || count === 0) return;
    if (present === 1)
      problems.add('one-class', { value: classes.find((entry) => entry.count > 0)?.label ?? '' });
    else
      for (const { label, count } of classes)
        if (count === 0) problems.add('class-missing', { value: label });
  }
}

const isThere = (head: IndexHead) =>
  stat(head.file).then(
    (found) => stampOf(found) === head.fileStamp,
    () => false,
  );

const nothingUsable = (report: DataReport) =>
  new AppError('training/data-unusable', `None of ${report.rows} examples can be used.`, {
    data: { reason: 'nothing-usable', report },
  });

/** The file that an index is of. It stays open, so that one that is deleted meanwhile can still be read to the end. */
function openFile(head: IndexHead) {
  let fd: number;
  try {
    fd = openSync(head.file, 'r');
  } catch (thrown) {
    throw fileError(thrown, head.file);
  }
  let bytes = Buffer.alloc(1 << 16);
  let isOpen = true;
  const file = {
    /** Throws `training/data-changed`. */
    check() {
      if (stampOf(fstatSync(fd)) !== head.fileStamp) throw dataChanged(head.file);
    },
    read(offset: number, length: number, fill: Fill, into: Float32Array) {
      if (length > bytes.length) bytes = Buffer.alloc(length);
      if (readSync(fd, bytes, 0, length, offset) < length) throw dataChanged(head.file);
      fill(bytes, 0, length, into);
    },
    close() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
  try {
    file.check();
  } catch (thrown) {
    file.close();
    throw thrown;
  }
  return file;
}
