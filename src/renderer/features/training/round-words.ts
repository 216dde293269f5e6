import type { TFunction } from 'i18next';
import type { TrainingState, TrainingStatus } from '#contract/training.ts';
import { formatTime } from '../../lib/format.ts';
import type { StateColor } from '../../ui/state-dot.tsx';

/** A round's way, in order. */
export const roundSteps = ['idle', 'selected', 'downloading', 'training', 'uploading', 'rewarded'] as const;

/** States in which a round is under way and can be left; in the last one the update has gone. */
export type RunningState = Extract<TrainingState, { deadline: number }>;
export const isRunning = (state: TrainingState): state is RunningState => 'deadline' in state;
export const canLeave = (state: TrainingState): boolean => isRunning(state) && state.state !== 'rewarded';

/** Index of the present step in `roundSteps`; null when no round is under way nor waited for. */
export function stepIndex({ state }: TrainingState): number | null {
  const index = (roundSteps as readonly string[]).indexOf(state);
  return index < 0 ? null : index;
}

/** 0–1 of the present step, where it is known. */
export const stepProgress = (state: TrainingState): number | null =>
  state.state === 'downloading' || state.state === 'training' ? state.progress : null;

/** Where the round stands, as one word, one sentence and one colour. */
export function roundWords(
  { state, tasks }: Pick<TrainingStatus, 'state' | 'tasks'>,
  t: TFunction,
): { word: string; why: string; color: StateColor } {
  const word = t(`training.states.${state.state}`);
  switch (state.state) {
    case 'off':
      return { word, why: t('training.why.off'), color: 'dim' };
    case 'idle': {
      const names = state.waitingFor.map((id) => tasks.find(({ taskId }) => taskId === id)?.name ?? id);
      return names.length === 0
        ? { word, why: t('training.why.noTask'), color: 'warn' }
        : { word, why: t('training.why.idle', { tasks: names.join(', ') }), color: 'info' };
    }
    case 'selected':
      return { word, why: t('training.why.selected'), color: 'info' };
    case 'downloading':
      return {
        word,
        why: t('training.why.downloading', { percent: percent(state.progress) }),
        color: 'info',
      };
    case 'training':
      return state.isPaused
        ? { word: t('training.states.paused'), why: t('training.why.paused'), color: 'warn' }
        : { word, why: trainingWhy(state, t), color: 'info' };
    case 'uploading':
      return state.retryAt === null
        ? { word, why: t(`training.why.upload.${state.step}`), color: 'info' }
        : { word, why: t('training.why.retry', { time: formatTime(state.retryAt) }), color: 'warn' };
    case 'rewarded':
      return { word, why: t('training.why.rewarded'), color: 'earn' };
    case 'failed':
      return { word, why: t('training.why.failed', { time: formatTime(state.until) }), color: 'bad' };
  }
}

const percent = (share: number) => Math.floor(share * 100);

function trainingWhy(state: Extract<TrainingState, { state: 'training' }>, t: TFunction): string {
  const { epoch, epochs, progress, examplesPerSecond } = state;
  const epochText = t('training.why.epoch', { epoch, epochs, percent: percent(progress) });
  if (examplesPerSecond === null) return epochText;
  const speed = Math.round(examplesPerSecond).toLocaleString('en');
  return `${epochText} · ${t('training.why.speed', { speed })}`;
}
