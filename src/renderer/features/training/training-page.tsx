import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import type { PastRound, TrainingStatus } from '#contract/training.ts';
import type { DataItem } from '#contract/training-data.ts';
import { act } from '../../lib/act.ts';
import type { ShownUnit } from '../../lib/amount.ts';
import { openRoute, useRoute } from '../../lib/routes.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { useUnit } from '../../lib/use-unit.ts';
import { Drawer } from '../../ui/drawer.tsx';
import { Page } from '../../ui/page.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';
import { ContributionCard } from './contribution-card.tsx';
import { DataCard, newData } from './data-card.tsx';
import { DataForm } from './data-form.tsx';
import { EngineCard } from './engine-card.tsx';
import { HistoryCard } from './history-card.tsx';
import { LossCard } from './loss-card.tsx';
import { ModelCard } from './model-card.tsx';
import { OffCard } from './off-card.tsx';
import { PrivacyCard } from './privacy-card.tsx';
import { RoundCard } from './round-card.tsx';
import { RoundDetail } from './round-detail.tsx';
import { isRunning } from './round-words.ts';
import { TaskList } from './task-list.tsx';

const noData: DataItem[] = [];

/** Federated rounds: where the present one stands, what came of those before, and on which data and terms. */
export function TrainingPage() {
  const { t } = useTranslation();
  const status = useSignal('training.status');
  const history = useSignal('training.history');
  const settings = useSignal('settings.current');
  const data = useSignal('training.data') ?? noData;
  const unit = useUnit();
  return (
    <Page
      title={t('training.title')}
      actions={settings?.takePartInTraining ? <TakesPart settings={settings} /> : null}
    >
      {!status || !history || !settings ? (
        <TableSkeleton label={t('training.loading')} />
      ) : (
        <Parts status={status} history={history} settings={settings} data={data} unit={unit} />
      )}
      <Details status={status} history={history} unit={unit} />
    </Page>
  );
}

interface PartsProps {
  status: TrainingStatus;
  history: readonly PastRound[];
  settings: Settings;
  data: readonly DataItem[];
  unit: ShownUnit;
}

function Parts({ status, history, settings, data, unit }: PartsProps) {
  const dataNames = useMemo(() => new Map(data.map(({ id, name }) => [id, name])), [data]);
  const { tasks, privacy } = status;
  const isOn = settings.takePartInTraining;
  const terms = (
    <>
      <PrivacyCard privacy={privacy} />
      <EngineCard status={status} />
    </>
  );
  const work = (
    <>
      <TaskList tasks={tasks} settings={settings} dataNames={dataNames} unit={unit} />
      <DataCard items={data} />
    </>
  );
  const columns = 'grid gap-4 min-[1000px]:grid-cols-2';
  const head = isOn ? (
    <RoundCard status={status} latest={history[0]} unit={unit} />
  ) : (
    <OffCard settings={settings} tasks={tasks} unit={unit} />
  );
  // Before the first round there is nothing to draw.
  if (history.length === 0 && !(isOn && isRunning(status.state)))
    return (
      <div className="flex flex-col gap-4">
        {head}
        {work}
        <div className={columns}>{terms}</div>
      </div>
    );
  return (
    <div className="flex flex-col gap-4">
      {head}
      {isOn ? (
        <div className={columns}>
          <LossCard />
          <ModelCard history={history} />
        </div>
      ) : (
        <ModelCard history={history} />
      )}
      <div
        className={`${columns} min-[1000px]:*:last:col-span-2 min-[1200px]:grid-cols-[minmax(0,1.25fr)_minmax(0,1fr)_minmax(0,1fr)] min-[1200px]:*:last:col-span-1`}
      >
        <ContributionCard round={history[0]} unit={unit} />
        {terms}
      </div>
      {work}
      <HistoryCard history={history} earned={status.earned} unit={unit} />
    </div>
  );
}

/** Switches training off; how it is switched on stands on the page itself. */
function TakesPart({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const turn = async (takePartInTraining: boolean) => {
    setBusy(true);
    await act('settings.update', { takePartInTraining });
    setBusy(false);
  };
  return (
    <label className="flex items-center gap-2 text-sm">
      <input
        type="checkbox"
        className="size-4 accent-accent focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-accent"
        disabled={busy}
        checked={settings.takePartInTraining}
        onChange={(event) => turn(event.target.checked)}
      />
      {t('training.takePart')}
    </label>
  );
}

/** What the address opens from the right: a past round, or the form for new data. */
function Details({
  status,
  history,
  unit,
}: {
  status: TrainingStatus | undefined;
  history: readonly PastRound[] | undefined;
  unit: ShownUnit;
}) {
  const { t } = useTranslation();
  const openId = useRoute().detail;
  const close = () => openRoute('training');
  const round = history?.find(({ roundId }) => roundId === openId);
  const isAdding = openId === newData && status !== undefined;
  return (
    <Drawer
      open={round !== undefined || isAdding}
      title={isAdding ? t('training.data.add') : t('training.detail')}
      closeLabel={t('training.close')}
      onClose={close}
    >
      {isAdding && <DataForm tasks={status.tasks} onDone={close} />}
      {round && <RoundDetail round={round} unit={unit} />}
    </Drawer>
  );
}
