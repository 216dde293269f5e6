import type { Settings, SettingsPatch } from '#contract/settings.ts';

/** Whether the node takes part in a task; an empty list stands for all. */
export const isChosen = (settings: Settings, taskId: string): boolean =>
  settings.trainingTasks.length === 0 || settings.trainingTasks.includes(taskId);

/**
 * What to store when a task is switched. As an empty list stands for all tasks, the last one that is switched off ends taking part;
 * with all on the list is empty again, so that tasks to come are taken too.
 */
export function withTask(
  settings: Settings,
  offered: readonly string[],
  taskId: string,
  isOn: boolean,
): SettingsPatch {
  const others = offered.filter((id) => id !== taskId && isChosen(settings, id));
  const away = settings.trainingTasks.filter((id) => !offered.includes(id));
  const chosen = isOn ? [...others, taskId] : others;
  if (!isOn && chosen.length + away.length === 0) return { takePartInTraining: false };
  const isAll = isOn && offered.every((id) => chosen.includes(id));
  return { trainingTasks: isAll ? [] : [...chosen, ...away] };
}
