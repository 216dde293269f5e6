import { existsSync, readFileSync } from 'node:fs';
import { canonicalJson } from '#contract/canonical-json.ts';
import { parameterCount } from '#contract/federated/parameters.ts';
import { trainingFault } from '#contract/federated/training-fault.ts';
import { toAppError } from '#contract/result.ts';
import { sha256Hex } from '../ed25519.ts';
import { type TaskConfig, taskConfigSchema } from './task-config.ts';

/** A task as it is to be run. */
export interface RunTask {
  config: TaskConfig;
  taskSha256: string;
}

export interface TaskList {
  tasks: RunTask[];
  /** Entries that are left out, with the reason in words. */
  refused: { entry: string; reason: string }[];
}

/** Reads the first of these files that is there: `{tasks: [...]}`. A bad entry is refused, the others are taken. */
export function readTaskList(files: readonly string[]): TaskList {
  const file = files.find(existsSync);
  if (!file) return { tasks: [], refused: [] };
  let entries: unknown;
  try {
    entries = (JSON.parse(readFileSync(file, 'utf8')) as { tasks?: unknown }).tasks;
  } catch (thrown) {
    return { tasks: [], refused: [{ entry: file, reason: toAppError(thrown).message }] };
  }
  if (!Array.isArray(entries)) return { tasks: [], refused: [{ entry: file, reason: 'it has no tasks' }] };
  const list: TaskList = { tasks: [], refused: [] };
  entries.forEach((entry: unknown, index) => {
    const parsed = taskConfigSchema.safeParse(entry);
    const id = (entry as { task?: { taskId?: unknown } } | null)?.task?.taskId;
    const refuse = (reason: string) =>
      list.refused.push({ entry: typeof id === 'string' ? id : `entry ${index + 1}`, reason });
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      refuse(`${issue?.path.join('.') || 'entry'}: ${issue?.message}`);
      return;
    }
    const fault = faultOf(parsed.data);
    if (fault !== null) refuse(fault);
    else if (list.tasks.some(({ config }) => config.task.taskId === parsed.data.task.taskId))
      refuse('a task of this id stands before it');
    else list.tasks.push(runTask(parsed.data));
  });
  return list;
}

/** What is wrong with its model, or with how it is trained; null where it can be. */
function faultOf({ task, training }: TaskConfig): string | null {
  try {
    parameterCount(task.model);
  } catch (thrown) {
    return toAppError(thrown).message;
  }
  const { output } = task.model;
  const labels = task.data.labels?.length;
  return output.kind === 'classes' && output.count !== labels
    ? `The model tells ${output.count} classes apart, the data have ${labels ?? 'no'} labels.`
    : trainingFault(task, training);
}

export const runTask = (config: TaskConfig): RunTask => ({
  config,
  taskSha256: sha256Hex(canonicalJson(config.task)),
});
