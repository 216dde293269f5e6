import type { TFunction } from 'i18next';
import type { WorkMode } from '#contract/hybrid.ts';
import type { NodeStatus } from '#contract/node-status.ts';
import { formatTime } from '../../lib/format.ts';
import type { StateColor } from '../../ui/state-dot.tsx';
import { dayText, pausedUntil } from './reason-words.ts';

const workKeys: Record<WorkMode, string> = {
  none: 'dashboard.serving',
  inference: 'dashboard.serving',
  training: 'hybrid.doing.training',
  both: 'hybrid.doing.both',
};

/** The state as one word, one sentence and one colour. */
export function stateWords(
  status: NodeStatus,
  t: TFunction,
  mode: WorkMode | undefined,
): { word: string; why: string; color: StateColor } {
  const { state } = status;
  const word = t(`state.${state.state}`);
  const model = status.model?.name ?? '';
  switch (state.state) {
    case 'not-set-up':
    case 'stopped':
      return { word, why: t('dashboard.stoppedWhy'), color: 'dim' };
    case 'starting': {
      const percent = state.progress === undefined ? '' : ` ${Math.round(state.progress * 100)} %`;
      return { word, why: t(`state.step.${state.step}`) + percent, color: 'info' };
    }
    case 'earning':
      return status.link.state === 'away'
        ? { word, why: t('dashboard.away', { time: formatTime(status.link.retryAt) }), color: 'warn' }
        : { word, why: t(workKeys[mode ?? 'inference'], { model }), color: 'earn' };
    case 'draining':
      return {
        word,
        why: t('dashboard.draining', { count: state.running, until: formatTime(state.until) }),
        color: 'info',
      };
    case 'paused': {
      const until = pausedUntil(state);
      const why =
        until === null
          ? t('hybrid.pausedOpen')
          : t('hybrid.pausedUntil', { time: dayText(until, Date.now()) });
      return { word, why, color: 'warn' };
    }
    case 'problem':
      return {
        word,
        why: state.retryAt === undefined ? '' : t('dashboard.retry', { time: formatTime(state.retryAt) }),
        color: 'bad',
      };
  }
}
