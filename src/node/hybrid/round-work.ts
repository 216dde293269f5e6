import type { TrainingStatus } from '#contract/training.ts';

/** Until a round's pace was measured, this part of the time to its deadline is taken for its work. */
const unmeasuredShare = 0.5;

/** How fast each task was learnt here, in examples a second. */
export type Paces = Map<string, number>;

/**
 * The round that this node is in, and what of it is still to be computed; null where nothing is. Paces that the status tells are kept in
 * `paces` for the next round.
 */
export function roundWork(
  { state, tasks }: Pick<TrainingStatus, 'state' | 'tasks'>,
  paces: Paces,
  now: number,
): { deadline: number; workMs: number } | null {
  if (state.state !== 'selected' && state.state !== 'downloading' && state.state !== 'training') return null;
  const { taskId, deadline } = state;
  if (state.state === 'training' && state.examplesPerSecond) paces.set(taskId, state.examplesPerSecond);
  const pace = paces.get(taskId);
  const task = tasks.find((one) => one.taskId === taskId);
  const left = state.state === 'training' ? 1 - state.progress : 1;
  const workMs =
    pace && task && state.state === 'training'
      ? (1000 * left * task.examples * state.epochs) / pace
      : Math.max(0, deadline - now) * unmeasuredShare * left;
  return { deadline, workMs };
}
