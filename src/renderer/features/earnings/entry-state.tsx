import { BadgeCheck, Check, CircleHelp, Clock, ReceiptText, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { EntryState } from '#contract/earnings.ts';

export const entryStates: readonly EntryState[] = [
  'earned',
  'agreed',
  'vouchered',
  'settled',
  'disputed',
  'unattributed',
];

const looks: Record<EntryState, { icon: typeof Check; color: string }> = {
  earned: { icon: Clock, color: 'text-info' },
  agreed: { icon: Check, color: 'text-earn' },
  vouchered: { icon: ReceiptText, color: 'text-earn' },
  settled: { icon: BadgeCheck, color: 'text-earn' },
  disputed: { icon: TriangleAlert, color: 'text-bad' },
  unattributed: { icon: CircleHelp, color: 'text-dim' },
};

/** State of an entry by icon, colour and word. */
export function EntryStateMark({ state }: { state: EntryState }) {
  const { t } = useTranslation();
  const { icon: Icon, color } = looks[state];
  return (
    <span className={`inline-flex items-center gap-1.5 ${color}`}>
      <Icon size={14} aria-hidden />
      {t(`earnings.states.${state}`)}
    </span>
  );
}
