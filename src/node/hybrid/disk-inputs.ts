import type { Download } from '#contract/download.ts';
import type { Model } from '#contract/model.ts';
import type { Resources } from '#contract/resources.ts';
import type { TrainingFiles } from '../training/training-files.ts';
import type { ArbiterInputs } from './allocation.ts';

/** A file that grows a little is no news. */
const stepBytes = 1e7;

/** The disk that the node's files may take: what is free and what it stores, less the operator's reserve. Null while it is not known. */
export function diskInputs(
  disk: Resources['disk'],
  reserveGigabytes: number,
  stored: {
    models: readonly Pick<Model, 'sizeBytes' | 'shipped'>[];
    downloads: readonly Pick<Download, 'receivedBytes' | 'state'>[];
    training: ReturnType<TrainingFiles['stored']>;
  },
): ArbiterInputs['disk'] {
  const { models, downloads, training } = stored;
  if (!disk || !training) return null;
  // One that has come whole is a model.
  const coming = downloads.filter(({ state }) => state.state !== 'done');
  const inference =
    models.reduce((sum, { sizeBytes, shipped }) => sum + (shipped ? 0 : sizeBytes), 0) +
    coming.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
  const all = disk.freeBytes + inference + training.bytes - reserveGigabytes * 1e9;
  return {
    totalBytes: Math.max(0, Math.floor(all / stepBytes) * stepBytes),
    storedBytes: { inference, training: training.keptBytes },
  };
}
