import { Menu } from '@base-ui/react/menu';
import { ChevronDown } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { NodeStatus } from '#contract/node-status.ts';
import { act } from '../../lib/act.ts';
import { client } from '../../lib/client.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { StateDot } from '../../ui/state-dot.tsx';
import { BeforeStart } from './before-start.tsx';
import { SpeedHistory } from './speed-history.tsx';
import { stateWords } from './state-words.ts';
import { TrainingLine } from './training-line.tsx';

const untilTomorrowMinutes = () => {
  const tomorrow = new Date();
  tomorrow.setHours(24, 0, 0, 0);
  return Math.max(1, Math.round((tomorrow.getTime() - Date.now()) / 60_000));
};

export function StateCard({ status }: { status: NodeStatus }) {
  const { t } = useTranslation();
  const { word, why, color } = stateWords(status, t);
  const { state } = status;

  // A start that fails shows as the node's state.
  const start = () => void client.request('node.start', {});
  const pause = (forMinutes?: number) =>
    void act('node.pause', forMinutes === undefined ? {} : { forMinutes });

  return (
    <Card className="flex flex-col">
      <div className="flex min-h-[60px] flex-wrap items-center gap-3.5">
        <StateDot color={color} />
        <div className="min-w-0 flex-1" role="status">
          <strong className="block text-2xl leading-tight font-semibold">{word}</strong>
          <p className="mt-0.5 text-dim">{why}</p>
        </div>
        <div className="flex gap-2">
          {(state.state === 'stopped' || state.state === 'not-set-up') && (
            <Button look="accent" onClick={start}>
              {t('dashboard.start')}
            </Button>
          )}
          {state.state === 'earning' && <PauseButton onPause={pause} />}
          {state.state === 'paused' && state.reasons.some(({ code }) => code === 'operator') && (
            <Button look="accent" onClick={() => void act('node.resume', {})}>
              {t('dashboard.resume')}
            </Button>
          )}
          {state.state === 'problem' && canTryAgain(state) && (
            <Button look="accent" onClick={start}>
              {t('dashboard.again')}
            </Button>
          )}
          {!['stopped', 'not-set-up', 'draining'].includes(state.state) && (
            <Button onClick={() => void act('node.stop', {})}>{t('dashboard.stop')}</Button>
          )}
        </div>
      </div>
      {state.state === 'problem' && (
        <div className="mt-3">
          <ErrorNote error={state.error} />
        </div>
      )}
      {state.state === 'stopped' ? (
        <BeforeStart />
      ) : (
        <>
          <SpeedHistory />
          <TrainingLine unit={t(status.testCredits ? 'dashboard.testCredits' : 'dashboard.sol')} />
        </>
      )}
    </Card>
  );
}

/** What ends by itself needs no press of a button. */
const canTryAgain = ({ retryAt, error }: Extract<NodeStatus['state'], { state: 'problem' }>) =>
  retryAt === undefined && error.code !== 'inference/memory-pressure';

function PauseButton({ onPause }: { onPause(forMinutes?: number): void }) {
  const { t } = useTranslation();
  const item = 'cursor-pointer rounded-md px-3 py-1.5 text-sm outline-none data-[highlighted]:bg-panel-2';
  return (
    <div className="flex">
      <Button className="rounded-r-none" onClick={() => onPause()}>
        {t('dashboard.pause')}
      </Button>
      <Menu.Root>
        <Menu.Trigger
          render={
            <Button className="rounded-l-none border-l-0 px-2.5" aria-label={t('dashboard.pauseMore')} />
          }
        >
          <ChevronDown size={16} aria-hidden />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner align="end" sideOffset={6}>
            <Menu.Popup className="rounded-[10px] border border-line bg-panel p-1 text-text shadow-lg outline-none">
              <Menu.Item className={item} onClick={() => onPause(60)}>
                {t('dashboard.pauseHour')}
              </Menu.Item>
              <Menu.Item className={item} onClick={() => onPause(untilTomorrowMinutes())}>
                {t('dashboard.pauseTomorrow')}
              </Menu.Item>
              <Menu.Item className={item} onClick={() => onPause()}>
                {t('dashboard.pauseOpen')}
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
    </div>
  );
}
