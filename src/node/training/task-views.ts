import type { AppError } from '#contract/errors.ts';
import { parameterCount } from '#contract/federated/parameters.ts';
import type { OfferedTask } from '#contract/federated/rounds.ts';
import type { DataFormat, LocalTraining } from '#contract/federated/task.ts';
import { trainingFault } from '#contract/federated/training-fault.ts';
import { toAppError } from '#contract/result.ts';
import type { TaskView } from '#contract/training.ts';

/** What decides whether this node takes part in a task. */
export interface TaskContext {
  /** Ids that the operator chose; empty: all. */
  chosen: readonly string[];
  /** The local data that fit best; null when none do. */
  dataFor(format: DataFormat): { id: string; examples: number } | null;
  /** Why its privacy would not allow one more round; null when it does. */
  privacyFault(task: OfferedTask, examples: number): AppError | null;
}

/** The gateway's tasks as this node sees them, with the first obstacle to each. */
export function taskViews(offered: readonly OfferedTask[], context: TaskContext): TaskView[] {
  return offered.map((one) => {
    const { task, training } = one;
    const data = context.dataFor(task.data);
    const size = sizeOf(one);
    return {
      taskId: task.taskId,
      name: task.name,
      parameters: size.parameters,
      isPrivate: training.privacy !== undefined,
      isSecure: one.secure_aggregation !== 'off',
      dataChanges: dataChangesOf(training),
      strategy: one.strategy,
      rewardLamports: one.reward_lamports,
      modelVersion: one.model_version,
      accuracy: one.accuracy,
      dataId: data?.id ?? null,
      examples: data?.examples ?? 0,
      obstacle: size.obstacle ?? obstacleOf(one, data, context),
    };
  });
}

function dataChangesOf({ augmentation, balance }: LocalTraining): TaskView['dataChanges'] {
  const changes: TaskView['dataChanges'] = [];
  if (augmentation?.kind === 'image') {
    if (augmentation.shiftPixels !== undefined) changes.push('shifted');
    if (augmentation.flip) changes.push('flipped');
    if (augmentation.cropPercent !== undefined) changes.push('cropped');
  }
  if (augmentation?.kind === 'text') changes.push('words-left-out');
  if (balance === 'classes') changes.push('balanced');
  return changes;
}

function sizeOf({ task, training }: OfferedTask): { parameters: number; obstacle: TaskView['obstacle'] } {
  try {
    const message = trainingFault(task, training);
    const obstacle = message === null ? null : { code: 'bad-task' as const, message };
    return { parameters: parameterCount(task.model), obstacle };
  } catch (thrown) {
    const { code, message } = toAppError(thrown);
    const isLarge = code === 'training/model-too-large';
    return { parameters: 0, obstacle: { code: isLarge ? 'too-large' : 'bad-task', message } };
  }
}

function obstacleOf(
  one: OfferedTask,
  data: { examples: number } | null,
  { chosen, privacyFault }: TaskContext,
): TaskView['obstacle'] {
  const { taskId } = one.task;
  if (chosen.length > 0 && !chosen.includes(taskId))
    return { code: 'switched-off', message: 'You have switched this task off.' };
  if (!data || data.examples === 0)
    return { code: 'no-data', message: 'None of your data fits what this task learns from.' };
  const fault = privacyFault(one, data.examples);
  if (fault === null) return null;
  if (fault.code !== 'training/privacy-budget') return { code: 'privacy-ledger', message: fault.message };
  return { code: 'privacy-budget', message: 'One more round would pass your privacy budget.' };
}
