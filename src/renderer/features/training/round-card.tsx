import { Pause, Play } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { PastRound, TrainingState, TrainingStatus } from '#contract/training.ts';
import { act } from '../../lib/act.ts';
import type { ShownUnit } from '../../lib/amount.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { StateDot } from '../../ui/state-dot.tsx';
import { Steps } from '../../ui/steps.tsx';
import { IdleFacts, RoundFacts } from './round-facts.tsx';
import { canLeave, isRunning, roundSteps, roundWords, stepIndex, stepProgress } from './round-words.ts';

interface RoundCardProps {
  status: TrainingStatus;
  /** The round that ended last. */
  latest: PastRound | undefined;
  unit: ShownUnit;
}

/** Where the round stands: the word for it, its way, and what can be done now. */
export function RoundCard({ status, latest, unit }: RoundCardProps) {
  const { t } = useTranslation();
  const { state, tasks } = status;
  const { word, why, color } = roundWords(status, t);
  const task = isRunning(state) ? tasks.find(({ taskId }) => taskId === state.taskId) : undefined;
  return (
    <Card>
      <div className="flex min-h-[60px] flex-wrap items-center gap-3.5">
        <StateDot color={color} />
        <div className="min-w-0 flex-1 basis-60">
          <strong role="status" className="block text-2xl leading-tight font-semibold">
            {word}
          </strong>
          <p className="mt-0.5 text-dim">{why}</p>
        </div>
        <RoundButtons state={state} />
      </div>
      {state.state !== 'off' && (
        <div className="mt-4">
          <Steps
            label={t('training.way')}
            doneLabel={t('training.stepDone')}
            steps={roundSteps.map((key) => ({ key, title: t(`training.steps.${key}`) }))}
            present={stepIndex(state)}
            progress={stepProgress(state)}
          />
        </div>
      )}
      {isRunning(state) && <RoundFacts state={state} isPrivate={task?.isPrivate ?? null} />}
      {state.state === 'idle' && <IdleFacts status={status} latest={latest} unit={unit} />}
      {state.state === 'failed' && (
        <div className="mt-4">
          <ErrorNote error={state.error} />
        </div>
      )}
      {state.state === 'off' && (
        <a href="#/dashboard" className="mt-2 inline-block text-link hover:underline">
          {t('training.toDashboard')}
        </a>
      )}
    </Card>
  );
}

function RoundButtons({ state }: { state: TrainingState }) {
  const { t } = useTranslation();
  return (
    <div className="flex gap-2">
      {state.state === 'training' &&
        (state.isPaused ? (
          <Button look="accent" onClick={() => act('training.resume', {})}>
            <Play size={15} aria-hidden /> {t('training.resume')}
          </Button>
        ) : (
          <Button onClick={() => act('training.pause', {})}>
            <Pause size={15} aria-hidden /> {t('training.pause')}
          </Button>
        ))}
      {canLeave(state) && (
        <Confirm
          trigger={<Button>{t('training.leave')}</Button>}
          title={t('training.leaveTitle')}
          text={t('training.leaveText')}
          confirm={t('training.leaveConfirm')}
          keep={t('training.leaveKeep')}
          onConfirm={() => void act('training.giveUp', {})}
        />
      )}
    </div>
  );
}
