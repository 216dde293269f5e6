import { Eye, Layers, ShieldCheck, ShieldOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { PastRound, TrainingStatus } from '#contract/training.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { formatMoment, formatTime, formatTimeLeft } from '../../lib/format.ts';
import { useNow } from '../../lib/use-now.ts';
import type { RunningState } from './round-words.ts';

/** One height in all states, so that the page below stays where it is when a round begins. */
const line =
  'mt-4 grid min-h-20 grid-cols-2 gap-x-6 gap-y-3 border-t border-line pt-3.5 min-[1000px]:grid-cols-4';

/** Between rounds: what came of those before, and what the node waits for. */
export function IdleFacts({
  status,
  latest,
  unit,
}: {
  status: TrainingStatus;
  latest: PastRound | undefined;
  unit: ShownUnit;
}) {
  const { t } = useTranslation();
  const { earned, tasks, state } = status;
  const chosen = state.state === 'idle' ? state.waitingFor.length : 0;
  return (
    <dl className={line}>
      <Item
        label={t('training.earnedSoFar')}
        value={`${formatAmount(earned.netLamports, unit)} ${unit.name}`}
        note={t('training.inRounds', { count: earned.rounds })}
      />
      <Item
        label={t('training.latest')}
        value={latest ? latest.taskName : '–'}
        note={latest ? `${formatMoment(latest.endedAt)} · ${t(`training.results.${latest.result}`)}` : ''}
      />
      <Item
        label={t('training.waitsFor')}
        value={t('training.ofTasks', { chosen, count: tasks.length })}
        note={t('training.waitsForNote')}
      />
    </dl>
  );
}

interface RoundFactsProps {
  state: RunningState;
  /** Null when the gateway no longer offers the task. */
  isPrivate: boolean | null;
}

/** What is trained, with how many, until when, and who sees what. */
export function RoundFacts({ state, isPrivate }: RoundFactsProps) {
  const { t } = useTranslation();
  return (
    <dl className={line}>
      <Item label={t('training.task')} value={state.taskName} note={state.roundId} />
      <Item
        label={t('training.participants')}
        value={t('training.nodes', { count: state.participants })}
        note={t('training.withYou')}
      />
      <Deadline at={state.deadline} />
      <div className="min-w-0">
        <dt className="text-xs text-dim">{t('training.protection')}</dt>
        <dd className="grid gap-0.5">
          <Protection icon={state.isSecure ? <Layers size={14} /> : <Eye size={14} />}>
            {t(state.isSecure ? 'training.secureYes' : 'training.secureNo')}
          </Protection>
          {isPrivate !== null && (
            <Protection icon={isPrivate ? <ShieldCheck size={14} /> : <ShieldOff size={14} />}>
              {t(isPrivate ? 'training.privateYes' : 'training.privateNo')}
            </Protection>
          )}
        </dd>
      </div>
    </dl>
  );
}

function Item({ label, value, note }: { label: string; value: string; note: string }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-dim">{label}</dt>
      <dd className="truncate font-medium">{value}</dd>
      <dd className="truncate text-xs text-dim">{note}</dd>
    </div>
  );
}

function Deadline({ at }: { at: number }) {
  const { t } = useTranslation();
  const leftMs = at - useNow(1000);
  const left =
    leftMs <= 0 ? t('training.deadlinePassed') : t('training.left', { time: formatTimeLeft(leftMs) });
  return <Item label={t('training.deadline')} value={left} note={formatTime(at)} />;
}

function Protection({ icon, children }: { icon: ReactNode; children: string }) {
  return (
    <span className="flex items-center gap-1.5">
      <span aria-hidden className="shrink-0 text-dim">
        {icon}
      </span>
      {children}
    </span>
  );
}
