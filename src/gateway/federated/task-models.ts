import type { ModelSpec } from '#contract/federated/model-spec.ts';
import { decodeParameters, encodeParameters, initialWeights } from '#contract/federated/parameters.ts';
import type { Evaluation } from '#contract/federated/trainer-messages.ts';
import type { ModelVersion, RoundBook } from './round-book.ts';
import { asFloat64, bytesOf, type StoredBlobs } from './stored-blobs.ts';
import type { Checkpoint } from './strategies/server-step.ts';
import type { RunTask } from './task-list.ts';

/** Versions whose files are kept. */
const keptVersions = 20;

/** A task's newest model, with what is known of it. */
export interface TaskModel {
  version: number;
  modelSha256: string;
  controlSha256: string | null;
  checkpoint: Checkpoint;
  loss: number | null;
  accuracy: number | null;
}

/** Models and control variates that nodes may fetch, and the strategies' memory, which they may not. */
export interface ModelFiles {
  models: StoredBlobs;
  memories: StoredBlobs;
}

export interface TaskModels {
  /** The newest model that is whole on disk; without one the initial model. */
  open(): TaskModel;
  /** Writes a new version: its files first, then its row. Files of old versions go. */
  add(version: number, checkpoint: Checkpoint, evaluation: Score | null, roundId: string | null): TaskModel;
}

type Score = Pick<Evaluation, 'loss' | 'accuracy'>;

/** A task's models on disk, as the network's weights are encoded. */
export function createTaskModels(
  { config, taskSha256 }: RunTask,
  { files, book }: { files: ModelFiles; book: RoundBook },
): TaskModels {
  const { task, strategy, seed } = config;

  function read(stored: ModelVersion): Checkpoint | null {
    const weights = readWeights(task.model, files.models, stored.modelSha256);
    if (!weights) return null;
    const memory =
      stored.memorySha256 !== null && stored.strategy === strategy.type
        ? files.memories.read(stored.memorySha256)
        : null;
    return {
      weights,
      control: readWeights(task.model, files.models, stored.controlSha256),
      memory: memory && asFloat64(memory),
    };
  }

  function add(
    version: number,
    checkpoint: Checkpoint,
    evaluation: Score | null,
    roundId: string | null,
  ): TaskModel {
    const row: ModelVersion = {
      version,
      modelSha256: files.models.put(encodeParameters(task.model, checkpoint.weights)),
      controlSha256: putControl(checkpoint),
      memorySha256: checkpoint.memory && files.memories.put(bytesOf(checkpoint.memory)),
      strategy: strategy.type,
      loss: evaluation?.loss ?? null,
      accuracy: evaluation?.accuracy ?? null,
    };
    book.addVersion(taskSha256, row, roundId);
    forgetOld();
    return { ...row, checkpoint };
  }

  /** SCAFFOLD's; it begins with zeros. */
  function putControl({ weights, control }: Checkpoint): string | null {
    if (strategy.type !== 'scaffold') return null;
    return files.models.put(encodeParameters(task.model, control ?? new Float32Array(weights.length)));
  }

  function forgetOld(): void {
    const versions = book.versions(taskSha256, 2 * keptVersions);
    const shasOf = (all: ModelVersion[]) =>
      all.flatMap(({ modelSha256, controlSha256 }) =>
        controlSha256 === null ? [modelSha256] : [modelSha256, controlSha256],
      );
    const kept = new Set(shasOf(versions.slice(0, keptVersions)));
    for (const sha256 of shasOf(versions.slice(keptVersions)))
      if (!kept.has(sha256)) files.models.remove(sha256);
    for (const { memorySha256 } of versions.slice(keptVersions))
      if (memorySha256 !== null) files.memories.remove(memorySha256);
  }

  return {
    add,
    open() {
      const versions = book.versions(taskSha256, keptVersions);
      for (const stored of versions) {
        const checkpoint = read(stored);
        if (!checkpoint) continue;
        if (stored === versions[0])
          return { ...stored, controlSha256: stored.controlSha256 ?? putControl(checkpoint), checkpoint };
        const { loss, accuracy } = stored;
        const score = loss === null || accuracy === null ? null : { loss, accuracy };
        return add((versions[0]?.version ?? 0) + 1, checkpoint, score, null);
      }
      const checkpoint = { weights: initialWeights(task.model, seed), control: null, memory: null };
      return add(versions[0] ? versions[0].version + 1 : 0, checkpoint, null, null);
    },
  };
}

function readWeights(model: ModelSpec, { read }: StoredBlobs, sha256: string | null): Float32Array | null {
  const bytes = sha256 === null ? null : read(sha256);
  return bytes && decodeParameters(model, bytes);
}
