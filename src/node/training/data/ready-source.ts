import type { DataFormat } from '#contract/federated/task.ts';
import type { DataSource, OwnSource } from '#contract/training-data.ts';
import { builtInSource, makeMails } from './built-in.ts';
import { type CsvDialect, findDialect } from './csv-dialect.ts';
import { createCsvReader, numberColumns } from './csv-source.ts';
import {
  type BuildContext,
  type BuiltSource,
  doesNotFit,
  exampleWidth,
  type Fill,
  type Layout,
} from './example-source.ts';
import { type FolderFile, folderFiles } from './folder-files.ts';
import { buildImages, buildTexts, createPixelFill } from './folder-source.ts';
import type { IdxImages } from './idx-file.ts';
import { buildIdx, createIdxFill } from './idx-source.ts';
import { createJsonLinesReader } from './json-lines-source.ts';
import type { Problems } from './problems.ts';
import { buildRows, createRowFill } from './row-source.ts';
import { cacheId, stampOf, stampOfFiles } from './stamp.ts';
import { createTokenFill } from './token-pack.ts';
import { unpackedFile } from './unpacked-file.ts';

export interface DataPlaces {
  /** What is unpacked, indexed and decoded lies here; may be deleted at any time. */
  cacheDir: string;
  resourcesDir: string;
  /** Most that a .gz may unpack to. */
  mostUnpackedBytes?: number;
}

/** A source whose files are there and unpacked. */
export type ReadySource = { stamp: string; sizeBytes: number } & (
  | { source: Exclude<OwnSource, { kind: 'text-folder' | 'image-folder' }> }
  | { source: Extract<OwnSource, { kind: 'text-folder' | 'image-folder' }>; files: FolderFile[] }
);

/** Finds a source's files and unpacks what is packed. Throws `training/data-not-found`, `training/data-too-large`, `training/data-unusable`. */
export async function readySource(
  source: DataSource,
  places: DataPlaces,
  problems: Problems,
  signal?: AbortSignal,
): Promise<ReadySource> {
  const own = source.kind === 'built-in' ? builtInSource(source.name, places) : source;
  const unpacked = (path: string) =>
    unpackedFile(path, places.cacheDir, { signal, mostBytes: places.mostUnpackedBytes });
  if (own.kind === 'text-folder' || own.kind === 'image-folder') {
    const files = await folderFiles(own.path, problems, signal);
    const stamp = cacheId(files.map((file) => [file.path, stampOf({ ...file, size: file.sizeBytes })]));
    return { source: own, files, stamp, sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  }
  if (own.kind === 'idx') {
    const images = await unpacked(own.images);
    const labels = await unpacked(own.labels);
    return { source: { ...own, images, labels }, ...(await stampOfFiles([images, labels])) };
  }
  if (source.kind === 'built-in') makeMails(places.cacheDir, own.path);
  const path = await unpacked(own.path);
  return { source: { ...own, path }, ...(await stampOfFiles([path])) };
}

/** Goes through a source's data once for a format. */
export async function buildSource(ready: ReadySource, context: BuildContext): Promise<BuiltSource> {
  const { format } = context;
  if ('files' in ready)
    return ready.source.kind === 'text-folder'
      ? buildTexts(ready.files, context)
      : buildImages(ready.files, context);
  const { source } = ready;
  if (source.kind === 'idx') return buildIdx(source.images, source.labels, context);
  if (source.kind === 'json-lines') return buildRows(source.path, createJsonLinesReader(source), context);
  const dialect = findDialect(source.path, source);
  const numbers = numberColumns(dialect).length;
  if (format.kind === 'text' && dialect.text === -1) throw doesNotFit('There is no column of text.');
  if (format.kind !== 'text' && numbers !== exampleWidth(format))
    throw doesNotFit(
      `There are ${numbers} columns besides the label, and the task takes ${exampleWidth(format)}.`,
    );
  return buildRows(source.path, createCsvReader(dialect), context);
}

/** How an example of the index is read again; `layout` is what the building pass left. */
export function createFill({ source }: ReadySource, format: DataFormat, layout: Layout): Fill {
  if (layout === 'tokens') return createTokenFill();
  if (layout === 'pixels') return createPixelFill(format);
  if (source.kind === 'idx') return createIdxFill(layout as unknown as IdxImages, format);
  if (source.kind === 'json-lines') return createRowFill(createJsonLinesReader(source), format);
  return createRowFill(createCsvReader(layout as unknown as CsvDialect), format);
}
