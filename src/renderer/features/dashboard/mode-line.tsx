import { useTranslation } from 'react-i18next';
import type { HybridStatus } from '#contract/hybrid.ts';
import { formatClock } from '../../lib/format.ts';
import { useNow } from '../../lib/use-now.ts';

/** What the machine is used for now and why, or how far a change of that has come. */
export function ModeLine({ hybrid }: { hybrid: HybridStatus }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  const { mode, reason, switching, settledUntil, trainingTimeShare } = hybrid;
  if (mode === 'none' && !switching) return null;
  const reasonKey = reason === 'demand' && mode === 'training' ? 'no-demand' : reason;
  const notes = [
    settledUntil !== null && settledUntil > now && t('hybrid.settled', { time: formatClock(settledUntil) }),
    trainingTimeShare !== null && t('hybrid.lastHour', { percent: Math.round(trainingTimeShare * 100) }),
  ].filter((note) => note !== false);
  const percent = switching?.progress == null ? null : Math.round(switching.progress * 100);
  return (
    <div className="mt-1.5">
      <p role="status" className="text-sm">
        {switching ? (
          <>
            {t('hybrid.switching', {
              from: t(`hybrid.mode.${switching.from}`),
              to: t(`hybrid.mode.${switching.to}`),
            })}{' '}
            <span className="text-dim">{t(`hybrid.step.${switching.step}`)}</span>
          </>
        ) : (
          <>
            {t('hybrid.now', { mode: t(`hybrid.mode.${mode}`) })}{' '}
            <span className="text-dim">{t(`hybrid.reason.${reasonKey}`)}</span>
          </>
        )}
      </p>
      <div className="flex min-h-5 items-center gap-2 text-xs text-dim">
        {switching ? (
          <>
            <span aria-hidden className="h-1.5 max-w-60 flex-1 overflow-hidden rounded-full bg-line">
              <span
                className={`block h-full rounded-full bg-info ${percent === null ? 'animate-pulse motion-reduce:animate-none' : 'transition-[width] duration-200 motion-reduce:transition-none'}`}
                style={{ width: `${percent ?? 100}%` }}
              />
            </span>
            <span>{percent === null ? t('hybrid.working') : `${percent} %`}</span>
          </>
        ) : (
          notes.join(' · ')
        )}
      </div>
    </div>
  );
}
