import type { TrainingState, TrainingStatus } from '#contract/training.ts';

/** Until a task's pace was measured, its round is taken to need this part of the time to its deadline, with all threads. */
const unmeasuredShare = 0.25;

/** How fast a task was learnt here, and how often each example is. */
interface Pace {
  /** By one thread. */
  examplesPerSecond: number;
  epochs: number;
}
export type Paces = Map<string, Pace>;

/** A round of which something is still to be computed, now or at its turn; also when taking part is switched off in it. */
export const isToBeLearnt = (
  state: TrainingState,
): state is Extract<TrainingState, { state: 'selected' | 'downloading' | 'training' }> =>
  state.state === 'selected' || state.state === 'downloading' || state.state === 'training';

/**
 * The round that this node is in, and what of it is still to be computed with `threads.all`; null where nothing is. The pace that the
 * status tells, of `threads.now`, is kept in `paces` for what comes next.
 */
export function roundWork(
  { state, tasks }: Pick<TrainingStatus, 'state' | 'tasks'>,
  paces: Paces,
  { now, threads }: { now: number; threads: { all: number; now: number } },
): { deadline: number; workMs: number } | null {
  if (!isToBeLearnt(state)) return null;
  const { taskId, deadline } = state;
  if (state.state === 'training' && state.examplesPerSecond && threads.now > 0)
    paces.set(taskId, {
      examplesPerSecond: state.examplesPerSecond / threads.now,
      epochs: state.epochs,
    });
  const pace = paces.get(taskId);
  const examples = tasks.find((task) => task.taskId === taskId)?.examples;
  const left = state.state === 'training' ? 1 - state.progress : 1;
  const workMs =
    pace && examples
      ? (1000 * left * examples * pace.epochs) / (pace.examplesPerSecond * threads.all)
      : Math.max(0, deadline - now) * unmeasuredShare * left;
  return { deadline, workMs };
}
