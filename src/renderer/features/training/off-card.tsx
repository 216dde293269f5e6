import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import type { TaskView } from '#contract/training.ts';
import { act } from '../../lib/act.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';

interface OffCardProps {
  settings: Settings;
  tasks: readonly TaskView[];
  unit: ShownUnit;
}

/** Before one takes part: what training is, what it earns, what never leaves this computer. */
export function OffCard({ settings, tasks, unit }: OffCardProps) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const takePart = async () => {
    setBusy(true);
    await act('settings.update', { takePartInTraining: true });
    setBusy(false);
  };
  const [most = 0n] = tasks
    .filter(({ obstacle }) => obstacle === null || obstacle.code === 'switched-off')
    .map((task) => BigInt(task.rewardLamports))
    .sort((a, b) => (a < b ? 1 : -1));
  const threads =
    settings.trainingThreads === 'auto'
      ? t('training.off.autoThreads')
      : t('training.off.threads', { count: settings.trainingThreads });
  const facts = [
    {
      what: t('training.off.earns'),
      how:
        most === 0n
          ? t('training.off.earnsUnknown')
          : t('training.off.earnsUpTo', { amount: formatAmount(most, unit), unit: unit.name }),
    },
    { what: t('training.off.stays'), how: t('training.off.staysText') },
    {
      what: t('training.off.uses'),
      how: t('training.off.usesText', {
        threads,
        memory: settings.trainingMemoryMegabytes.toLocaleString('en'),
      }),
    },
  ];
  return (
    <Card>
      <div className="flex flex-wrap items-center gap-x-6 gap-y-4">
        <div className="min-w-0 flex-1 basis-80">
          <h2 className="text-2xl leading-tight font-semibold">{t('training.off.title')}</h2>
          <p className="mt-1 text-dim">{t('training.off.text')}</p>
        </div>
        <Button look="accent" disabled={busy} onClick={takePart}>
          {t('training.takePart')}
        </Button>
      </div>
      <dl className="mt-4 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 border-t border-line pt-3">
        {facts.map(({ what, how }) => (
          <div key={what} className="contents">
            <dt className="text-dim">{what}</dt>
            <dd>{how}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
