import type { PastRound } from '#contract/training.ts';

/** A version of a task's global model, and this computer's own result in the round that made it. */
export interface ModelPoint {
  version: number;
  globalLoss: number | null;
  globalAccuracy: number | null;
  localLoss: number | null;
  localAccuracy: number | null;
}

/** Versions of one task's model as past rounds (newest first) tell of them, oldest first, each version once. */
export function modelPoints(history: readonly PastRound[], taskId: string): ModelPoint[] {
  const byVersion = new Map<number, ModelPoint>();
  for (const round of history) {
    const { modelVersion: version, globalLoss, globalAccuracy, localLoss, localAccuracy } = round;
    if (round.taskId !== taskId || version === null || byVersion.has(version)) continue;
    byVersion.set(version, { version, globalLoss, globalAccuracy, localLoss, localAccuracy });
  }
  return [...byVersion.values()].sort((a, b) => a.version - b.version);
}

/** Tasks of which the history tells at least one version, those with the newest rounds first. */
export function tasksWithPoints(history: readonly PastRound[]): { taskId: string; name: string }[] {
  const names = new Map<string, string>();
  for (const { taskId, taskName, modelVersion } of history)
    if (modelVersion !== null && !names.has(taskId)) names.set(taskId, taskName);
  return [...names].map(([taskId, name]) => ({ taskId, name }));
}
