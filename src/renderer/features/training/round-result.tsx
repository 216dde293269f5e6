import { Check, CircleMinus, OctagonX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { PastRound } from '#contract/training.ts';

const looks: Record<PastRound['result'], { icon: typeof Check; color: string }> = {
  rewarded: { icon: Check, color: 'text-earn' },
  uncounted: { icon: CircleMinus, color: 'text-dim' },
  failed: { icon: OctagonX, color: 'text-bad' },
};

/** How a round ended, by icon, colour and word. */
export function RoundResult({ result }: { result: PastRound['result'] }) {
  const { t } = useTranslation();
  const { icon: Icon, color } = looks[result];
  return (
    <span className={`inline-flex items-center gap-1.5 ${color}`}>
      <Icon size={14} aria-hidden className="shrink-0" />
      {t(`training.results.${result}`)}
    </span>
  );
}
