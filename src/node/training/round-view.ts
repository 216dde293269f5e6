import type { TrainingState } from '#contract/training.ts';
import type { TrainingProgress } from './round-ports.ts';
import type { RoundRecord } from './round-record.ts';

/** What a round does just now, beside its record. */
export interface RoundLife {
  download: number;
  training: TrainingProgress | null;
  isPaused: boolean;
  upload: Extract<TrainingState, { state: 'uploading' }>['step'];
  retryAt: number | null;
}

export const freshLife: RoundLife = {
  download: 0,
  training: null,
  isPaused: false,
  upload: 'sending',
  retryAt: null,
};

/** A round under way, as the Training page shows it. */
export function roundView(
  { roundId, startedAt, state, selected, end }: RoundRecord,
  life: RoundLife,
): TrainingState {
  const { offer, task } = selected;
  const base = {
    roundId,
    taskId: task.taskId,
    taskName: task.name,
    isSecure: offer.secure !== null,
    participants: offer.node_keys.length,
    since: startedAt,
    deadline: offer.deadline_ms,
  };
  switch (state) {
    case 'selected':
      return { ...base, state };
    case 'downloading':
      return { ...base, state, progress: life.download };
    case 'training': {
      const { training } = life;
      return {
        ...base,
        state,
        epoch: training?.epoch ?? 0,
        epochs: training?.epochs ?? offer.training.epochs,
        progress: training && training.steps > 0 ? Math.min(1, training.step / training.steps) : 0,
        loss: training?.loss ?? null,
        examplesPerSecond: training?.examplesPerSecond ?? null,
        isPaused: life.isPaused,
      };
    }
    case 'uploading':
      return { ...base, state, step: life.upload, retryAt: life.retryAt };
    case 'rewarded':
      return { ...base, state };
    case 'failed': {
      const error =
        end?.state === 'failed'
          ? end.error
          : { code: 'training/round-failed' as const, message: 'The round failed.' };
      return { state, roundId, error, until: startedAt };
    }
  }
}
