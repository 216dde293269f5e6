import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NodeStatus } from '#contract/node-status.ts';
import { act } from '../../lib/act.ts';
import { client } from '../../lib/client.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { useUnit } from '../../lib/use-unit.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { StateDot } from '../../ui/state-dot.tsx';
import { BeforeStart } from './before-start.tsx';
import { PauseButton } from './pause-button.tsx';
import { PauseFor } from './pause-for.tsx';
import { EarningAnyway, HeldBack, PauseReasons } from './pause-reasons.tsx';
import { canResume } from './reason-words.ts';
import { ShareSection } from './share-section.tsx';
import { stateWords } from './state-words.ts';
import { TrainingLine } from './training-line.tsx';

export function StateCard({ status }: { status: NodeStatus }) {
  const { t } = useTranslation();
  const { word, why, color } = stateWords(status, t, useSignal('hybrid.status')?.mode);
  const [asksHowLong, setAsksHowLong] = useState(false);
  const { state } = status;
  const isEarning = state.state === 'earning';
  const unit = useUnit();

  // A start that fails shows as the node's state.
  const start = () => void client.request('node.start', {});
  const pause = (forMinutes?: number) =>
    void act('node.pause', forMinutes === undefined ? {} : { forMinutes });

  return (
    <Card className="flex flex-col">
      <div className="flex min-h-[60px] flex-wrap items-center gap-3.5">
        <StateDot color={color} />
        <div className="min-w-44 flex-1" role="status">
          <strong className="block text-2xl leading-tight font-semibold">{word}</strong>
          <p className="mt-0.5 text-dim">{why}</p>
        </div>
        <div className="flex gap-2">
          {(state.state === 'stopped' || state.state === 'not-set-up') && (
            <Button look="accent" onClick={start}>
              {t('dashboard.start')}
            </Button>
          )}
          {isEarning && <PauseButton onPause={pause} onCustom={() => setAsksHowLong(true)} />}
          {state.state === 'paused' && canResume(state.reasons) && (
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
      {isEarning && asksHowLong && <PauseFor onPause={pause} onClose={() => setAsksHowLong(false)} />}
      {state.state === 'paused' && <PauseReasons reasons={state.reasons} />}
      {isEarning && status.earnAnywayUntil !== null && <EarningAnyway until={status.earnAnywayUntil} />}
      {isEarning && <HeldBack reasons={status.heldBack} />}
      {state.state === 'stopped' ? (
        <BeforeStart />
      ) : (
        <>
          <ShareSection unit={unit} />
          <TrainingLine unit={unit} />
        </>
      )}
    </Card>
  );
}

/** What ends by itself needs no press of a button. */
const canTryAgain = ({ retryAt, error }: Extract<NodeStatus['state'], { state: 'problem' }>) =>
  retryAt === undefined && error.code !== 'inference/memory-pressure';
