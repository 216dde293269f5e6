import type { RoundBook } from './round-book.ts';
import { asFloat32, asFloat64, type StoredBlobs } from './stored-blobs.ts';
import type { Checkpoint } from './strategies/server-step.ts';
import type { RunTask } from './task-list.ts';
import type { Evaluation, Trainer } from './trainer.ts';

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

/** The newest model that is whole on disk; without one the initial model, made and evaluated now. */
export async function openTaskModel(
  { config, taskSha256, heldOutDir }: RunTask,
  parts: { files: ModelFiles; book: RoundBook; trainer: Trainer },
): Promise<TaskModel> {
  const { files, book, trainer } = parts;
  const { task, strategy, seed } = config;
  const stored = book.latestVersion(taskSha256);
  const weights = stored && files.models.read(stored.modelSha256);
  if (stored && weights) {
    const control = stored.controlSha256 === null ? null : files.models.read(stored.controlSha256);
    const hasMemory = stored.memorySha256 !== null && stored.strategy === strategy.type;
    const memory = hasMemory ? files.memories.read(stored.memorySha256 ?? '') : null;
    const checkpoint = {
      weights: asFloat32(weights),
      control: control && asFloat32(control),
      memory: memory && asFloat64(memory),
    };
    const hasNoControl = strategy.type === 'scaffold' && control === null;
    return modelOf(
      hasNoControl ? { ...stored, controlSha256: putNoControl(files, checkpoint) } : stored,
      checkpoint,
    );
  }
  const checkpoint: Checkpoint = {
    weights: await trainer.initialise(task.model, seed),
    control: null,
    memory: null,
  };
  const evaluation =
    heldOutDir === null ? null : await trainer.evaluate(task, checkpoint.weights, heldOutDir);
  return addTaskModel(
    { version: stored ? stored.version + 1 : 0, checkpoint, evaluation, roundId: null },
    { taskSha256, strategy: strategy.type, files, book },
  );
}

/** Writes a new version: its files first, then its row. */
export function addTaskModel(
  next: {
    version: number;
    checkpoint: Checkpoint;
    evaluation: Evaluation | null;
    roundId: string | null;
  },
  {
    taskSha256,
    strategy,
    files,
    book,
  }: { taskSha256: string; strategy: string; files: ModelFiles; book: RoundBook },
): TaskModel {
  const { version, checkpoint, evaluation, roundId } = next;
  const row = {
    version,
    modelSha256: files.models.put(checkpoint.weights),
    controlSha256:
      strategy !== 'scaffold'
        ? null
        : checkpoint.control
          ? files.models.put(checkpoint.control)
          : putNoControl(files, checkpoint),
    memorySha256: checkpoint.memory && files.memories.put(checkpoint.memory),
    strategy,
    loss: evaluation?.loss ?? null,
    accuracy: evaluation?.accuracy ?? null,
  };
  book.addVersion(taskSha256, row, roundId);
  return modelOf(row, checkpoint);
}

/** SCAFFOLD begins with zeros. */
const putNoControl = ({ models }: ModelFiles, { weights }: Checkpoint) =>
  models.put(new Float32Array(weights.length));

const modelOf = (
  { version, modelSha256, controlSha256, loss, accuracy }: Omit<TaskModel, 'checkpoint'>,
  checkpoint: Checkpoint,
): TaskModel => ({ version, modelSha256, controlSha256, checkpoint, loss, accuracy });
