import type { HybridStatus } from '#contract/hybrid.ts';
import type { Model } from '#contract/model.ts';
import type { Settings } from '#contract/settings.ts';
import type { TrainingStatus } from '#contract/training.ts';

/** What stands in the way of a choice between serving and training, and the page where it is put right. */
export interface OnlyKind {
  code: 'serving-off' | 'no-model' | 'only-training' | 'no-tasks' | 'no-data' | 'only-serving';
  page: 'settings' | 'models' | 'training';
}

/** Null where both can be done, or where training only has to be switched on: then the slider is there. */
export function onlyKind(facts: {
  hybrid: HybridStatus;
  settings: Settings;
  models: readonly Model[] | undefined;
  training: TrainingStatus | undefined;
}): OnlyKind | null {
  const { hybrid, settings, models, training } = facts;
  if (hybrid.reason !== 'only-kind') return null;
  if (hybrid.mode === 'training') {
    if (!settings.serveOwnModels) return { code: 'serving-off', page: 'settings' };
    const served = models?.filter(({ id }) => settings.servedModels.includes(id));
    if (served?.every(({ fits, problem }) => !fits || problem !== null))
      return { code: 'no-model', page: 'models' };
    return { code: 'only-training', page: 'models' };
  }
  if (hybrid.mode !== 'inference' || !settings.takePartInTraining) return null;
  if (training?.tasks.length === 0) return { code: 'no-tasks', page: 'training' };
  if (training?.tasks.every(({ dataId }) => dataId === null)) return { code: 'no-data', page: 'training' };
  return { code: 'only-serving', page: 'training' };
}
