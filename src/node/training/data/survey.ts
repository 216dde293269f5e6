import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError } from '#contract/errors.ts';
import type { DataFormat } from '#contract/federated/task.ts';
import type { DataPreview, DataSource } from '#contract/training-data.ts';
import type { FolderFile } from './folder-files.ts';
import { mostImageFileBytes } from './folder-source.ts';
import { readIdxImages, readIdxLabels } from './idx-file.ts';
import { decodeImage } from './image-decode.ts';
import { countLabels } from './label-counts.ts';
import { checkData } from './open-examples.ts';
import { collectProblems, type Problems, shortened } from './problems.ts';
import { type DataPlaces, readySource } from './ready-source.ts';
import { surveyCsv, surveyJsonLines } from './row-survey.ts';

const shownFiles = 10;

export type Surveyed = Omit<DataPreview, 'check' | 'problems'>;

/**
 * Looks through a source as a person would: its first rows, columns and classes; with a format also what the task can use of it. Throws
 * what `readySource` throws, and `training/data-unusable` where there is nothing, or not of its kind.
 */
export async function previewData(
  source: DataSource,
  options: DataPlaces & { format?: DataFormat | undefined; signal?: AbortSignal | undefined },
): Promise<DataPreview> {
  const { format, signal } = options;
  const problems = collectProblems();
  const ready = await readySource(source, options, problems, signal);
  const { sizeBytes } = ready;
  const context = { sizeBytes, problems, signal };
  let surveyed: Surveyed;
  if ('files' in ready) {
    const { files, source } = ready;
    surveyed = await surveyFolder(files, source.kind === 'image-folder', sizeBytes, problems);
  } else if (ready.source.kind === 'idx') surveyed = surveyIdx(ready.source, sizeBytes);
  else if (ready.source.kind === 'csv') surveyed = await surveyCsv(ready.source, context);
  else surveyed = await surveyJsonLines(ready.source, context);
  if (surveyed.facts.rows === 0)
    throw new AppError('training/data-unusable', 'There is nothing in it.', { data: { reason: 'empty' } });
  const check = format ? await checkData(source, format, options) : null;
  return { ...surveyed, problems: problems.list(), check };
}

function surveyIdx({ images, labels }: { images: string; labels: string }, sizeBytes: number): Surveyed {
  const { count, width, height, channels } = readIdxImages(images);
  const counts = new Uint32Array(256);
  const classes = readIdxLabels(labels);
  for (const label of classes) counts[label] = (counts[label] as number) + 1;
  const found = countLabels();
  for (const [label, times] of counts.entries()) if (times > 0) found.add(String(label), times);
  return {
    facts: { shape: { kind: 'pixels', width, height, channels }, rows: count, sizeBytes, ...found.list() },
    columns: [],
    columnRows: 0,
    firstRows: Array.from(classes.subarray(0, shownFiles), (label) => [
      `${width} × ${height}`,
      String(label),
    ]),
    dialect: null,
  };
}

/** The first of each class, so that one sees them all. */
async function surveyFolder(
  files: FolderFile[],
  areImages: boolean,
  sizeBytes: number,
  problems: Problems,
): Promise<Surveyed> {
  const found = countLabels();
  const shown = new Map<string, FolderFile>();
  for (const file of files) {
    const label = file.className ?? '';
    found.add(label);
    if (!shown.has(label) && shown.size < shownFiles) shown.set(label, file);
  }
  const firstRows: string[][] = [];
  for (const { path, className, sizeBytes } of shown.values()) {
    if (areImages && sizeBytes > mostImageFileBytes) {
      problems.add('field-too-large', { file: path });
      continue;
    }
    const bytes = await startOf(path, areImages ? sizeBytes : 1000);
    if (!bytes) {
      problems.add('unreadable', { file: path });
      continue;
    }
    const pixels = areImages ? decodeImage(bytes) : null;
    if (areImages && !pixels) problems.add('not-an-image', { file: path });
    const content = areImages
      ? pixels && `${pixels.width} × ${pixels.height}`
      : shortened(bytes.toString('utf8'));
    firstRows.push([basename(path), className ?? '', content ?? '']);
  }
  const classes = files.some(({ className }) => className !== null);
  return {
    facts: {
      shape: areImages ? { kind: 'images' } : { kind: 'texts', classes },
      rows: files.length,
      sizeBytes,
      ...found.list(),
    },
    columns: [],
    columnRows: 0,
    firstRows,
    dialect: null,
  };
}

/** A file's first bytes; null where it can't be read. */
async function startOf(path: string, length: number): Promise<Buffer | null> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return null;
  }
}
