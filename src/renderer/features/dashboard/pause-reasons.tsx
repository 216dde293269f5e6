import { useTranslation } from 'react-i18next';
import type { PauseReason } from '#contract/node-status.ts';
import { act } from '../../lib/act.ts';
import { formatClock } from '../../lib/format.ts';
import { useNow } from '../../lib/use-now.ts';
import { Button } from '../../ui/button.tsx';
import { ReasonIcon } from './reason-icon.tsx';
import { reasonWords } from './reason-words.ts';

const anywayMinutes = 60;

/** Every reason why the node rests, each with what ends it; one button passes over those that may be overruled. */
export function PauseReasons({ reasons }: { reasons: readonly PauseReason[] }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  const canOverride = reasons.some((reason) => reason.canOverride);
  const staysPaused = canOverride && reasons.some((reason) => !reason.canOverride);
  return (
    <div className="mt-3 border-t border-line pt-3">
      <h2 id="paused-because" className="mb-1.5 text-[12.5px] font-medium text-dim">
        {t('hybrid.pausedBecause')}
      </h2>
      <ul aria-labelledby="paused-because" className="grid gap-2">
        {reasons.map((reason) => {
          const { title, figures, end, left, begun } = reasonWords(reason, now, t);
          return (
            <li key={reason.code} className="flex gap-2.5">
              <ReasonIcon code={reason.code} className="mt-0.5 shrink-0 text-warn" />
              <div className="min-w-0 flex-1">
                <p>{title}</p>
                {figures && <p className="text-xs">{figures}</p>}
                <p className="text-xs text-dim">{end}</p>
              </div>
              <div className="shrink-0 text-end text-xs leading-[1.45] text-dim">
                {left && <p className="leading-5 text-text">{left}</p>}
                <p className={left ? '' : 'leading-5'}>{begun}</p>
              </div>
            </li>
          );
        })}
      </ul>
      {canOverride && (
        <div className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-1.5">
          <Button size="small" onClick={() => void act('node.earnAnyway', { forMinutes: anywayMinutes })}>
            {t('hybrid.earnAnyway')}
          </Button>
          {staysPaused && <p className="text-xs text-dim">{t('hybrid.earnAnywayPart')}</p>}
        </div>
      )}
    </div>
  );
}

/** What is held back while the node earns otherwise. */
export function HeldBack({ reasons }: { reasons: readonly PauseReason[] }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  if (reasons.length === 0) return null;
  return (
    <ul aria-label={t('hybrid.heldBack')} className="mt-3 grid gap-1 border-t border-line pt-2.5 text-xs">
      {reasons.map((reason) => {
        const { title, end } = reasonWords(reason, now, t);
        return (
          <li key={reason.code} className="flex gap-2 text-dim">
            <ReasonIcon code={reason.code} className="size-3.5 shrink-0 translate-y-px" />
            <span>
              {title}. {end}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** The node earns although there are reasons to rest, for a while. */
export function EarningAnyway({ until }: { until: number }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  if (until <= now) return null;
  return (
    <div className="mt-3 flex flex-wrap items-center gap-2 border-t border-line pt-2.5 text-sm">
      <p className="me-auto">{t('hybrid.anyway', { time: formatClock(until) })}</p>
      <Button size="small" onClick={() => void act('node.earnAnyway', { forMinutes: 0 })}>
        {t('hybrid.anywayStop')}
      </Button>
    </div>
  );
}
