import { Database, Shuffle, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TaskView } from '#contract/training.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { formatParameters } from '../../lib/format-parameters.ts';
import { Chip } from '../../ui/chip.tsx';
import { formatShare } from './figures.ts';
import { dataChangesText } from './task-words.ts';

interface TaskRowProps {
  task: TaskView;
  isOn: boolean;
  dataName: string | null;
  unit: ShownUnit;
  onTurn(isOn: boolean): Promise<unknown>;
}

export function TaskRow({ task, isOn, dataName, unit, onTurn }: TaskRowProps) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const changes = dataChangesText(task.dataChanges, t);
  const turn = async (next: boolean) => {
    setBusy(true);
    await onTurn(next);
    setBusy(false);
  };
  const facts: { label: string; value: string; note?: string }[] = [
    { label: t('training.size'), value: formatParameters(task.parameters) },
    { label: t('training.version'), value: String(task.modelVersion) },
    { label: t('training.accuracy'), value: formatShare(task.accuracy) },
    { label: t('training.rewardColumn'), value: formatAmount(task.rewardLamports, unit), note: unit.name },
  ];
  return (
    <li className="grid gap-x-6 gap-y-2 border-t border-line py-3 first:border-0 first:pt-0 last:pb-0 min-[1000px]:grid-cols-[minmax(0,1fr)_minmax(0,26rem)]">
      <div className="grid min-w-0 content-start gap-1">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <label className="flex min-w-0 items-center gap-2.5 font-medium">
            <input
              type="checkbox"
              className="size-4 shrink-0 accent-accent focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-accent"
              checked={isOn}
              disabled={busy}
              onChange={(event) => turn(event.target.checked)}
            />
            {task.name}
          </label>
          {task.isPrivate && <Chip look="good">{t('training.private')}</Chip>}
          {task.isSecure && <Chip look="good">{t('training.secure')}</Chip>}
          <span className="text-xs text-dim">{t(`training.strategies.${task.strategy}`)}</span>
        </div>
        <TaskData task={task} dataName={dataName} />
        {changes !== '' && (
          <p className="flex items-start gap-2.5 text-sm text-dim">
            <Shuffle size={15} aria-hidden className="mt-0.5 shrink-0" />
            {changes}
          </p>
        )}
      </div>
      <dl className="grid grid-cols-[repeat(3,minmax(0,1fr))_minmax(0,1.9fr)] gap-x-4">
        {facts.map(({ label, value, note }) => (
          <div key={label} className="min-w-0">
            <dt className="truncate text-xs text-dim">{label}</dt>
            <dd className="truncate">
              {value} {note && <span className="text-xs text-dim">{note}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

/** Which data of this computer fit, or why the task is left out. */
function TaskData({ task, dataName }: { task: TaskView; dataName: string | null }) {
  const { t } = useTranslation();
  const { obstacle } = task;
  const line = 'flex items-start gap-2.5 text-sm';
  if (obstacle && obstacle.code !== 'switched-off')
    return (
      <p className={line}>
        <TriangleAlert size={15} aria-hidden className="mt-0.5 shrink-0 text-warn" />
        {obstacle.message}
      </p>
    );
  return (
    <p className={`${line} text-dim`}>
      <Database size={15} aria-hidden className="mt-0.5 shrink-0" />
      {dataName === null
        ? t('training.noFit')
        : t('training.fits', {
            count: task.examples,
            name: dataName,
            examples: task.examples.toLocaleString('en'),
          })}
    </p>
  );
}
