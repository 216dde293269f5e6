import type { TFunction } from 'i18next';
import type { NodeStatus } from '#contract/node-status.ts';
import { formatTime } from '../../lib/format.ts';
import { pauseWords } from '../../lib/pause-words.ts';
import type { StateColor } from '../../ui/state-dot.tsx';

/** The state as one word, one sentence and one colour. */
export function stateWords(
  status: NodeStatus,
  t: TFunction,
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
        : { word, why: t('dashboard.serving', { model }), color: 'earn' };
    case 'draining':
      return {
        word,
        why: t('dashboard.draining', { count: state.running, until: formatTime(state.until) }),
        color: 'info',
      };
    case 'paused': {
      const [first, ...more] = state.reasons;
      const words = first && pauseWords(first, t, Date.now());
      const others = more.length === 0 ? '' : ` ${t('dashboard.pausedMore', { count: more.length })}`;
      const why = words ? `${words.sentence} ${words.end}${others}` : '';
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
