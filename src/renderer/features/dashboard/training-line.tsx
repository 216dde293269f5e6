import type { TFunction } from 'i18next';
import { ChevronRight } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { TrainingState } from '#contract/training.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { useSignal } from '../../lib/use-signal.ts';

/** Where training stands and what its rounds have earned, in one line that opens its page. */
export function TrainingLine({ unit }: { unit: ShownUnit }) {
  const { t } = useTranslation();
  const status = useSignal('training.status');
  const rounds = status?.earned.rounds ?? 0;
  return (
    <div className="mt-auto pt-3">
      <a
        href="#/training"
        className="flex flex-wrap items-center gap-x-3 border-t border-line pt-3 hover:text-link focus-visible:outline-2 focus-visible:outline-accent"
      >
        <span className="font-medium">{t('training.title')}</span>
        <span className="min-w-0 flex-1 truncate text-dim">{status ? stateText(status.state, t) : '–'}</span>
        {status && rounds > 0 && (
          <span className="text-xs">
            {t('training.earnedIn', {
              amount: formatAmount(status.earned.netLamports, unit),
              unit: unit.name,
              count: rounds,
            })}
          </span>
        )}
        <ChevronRight size={15} aria-hidden className="text-dim" />
      </a>
    </div>
  );
}

function stateText(state: TrainingState, t: TFunction): string {
  const task = 'taskName' in state ? state.taskName : null;
  const percent = 'progress' in state ? `${Math.floor(state.progress * 100)} %` : null;
  // The line is called Training already, so that word need not follow.
  const word =
    state.state !== 'training'
      ? t(`training.states.${state.state}`)
      : state.isPaused
        ? t('training.states.paused')
        : null;
  return [word, task, percent].filter((part) => part !== null).join(' · ');
}
