import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import type { TaskView } from '#contract/training.ts';
import { act } from '../../lib/act.ts';
import type { ShownUnit } from '../../lib/amount.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { isChosen, withTask } from './task-choice.ts';
import { TaskRow } from './task-row.tsx';

interface TaskListProps {
  tasks: readonly TaskView[];
  settings: Settings;
  /** Names of local data by their ids. */
  dataNames: ReadonlyMap<string, string>;
  unit: ShownUnit;
}

/** Tasks the gateway offers, each with its switch. */
export function TaskList({ tasks, settings, dataNames, unit }: TaskListProps) {
  const { t } = useTranslation();
  const ids = tasks.map(({ taskId }) => taskId);
  return (
    <Card title={t('training.tasks')}>
      {tasks.length === 0 ? (
        <EmptyState title={t('training.noTasks')} />
      ) : (
        <ul className="grid">
          {tasks.map((task) => (
            <TaskRow
              key={task.taskId}
              task={task}
              isOn={isChosen(settings, task.taskId)}
              dataName={task.dataId === null ? null : (dataNames.get(task.dataId) ?? task.dataId)}
              unit={unit}
              onTurn={(isOn) => act('settings.update', withTask(settings, ids, task.taskId, isOn))}
            />
          ))}
        </ul>
      )}
    </Card>
  );
}
