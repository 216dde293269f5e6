import { useTranslation } from 'react-i18next';
import type { PastRound } from '#contract/training.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { formatShare, netLamports } from './figures.ts';

/** What a round's reward is made of, the fee, and what was left out and why. */
export function RewardSplit({ round, unit }: { round: PastRound; unit: ShownUnit }) {
  const { t } = useTranslation();
  const cell = 'py-1 font-normal whitespace-nowrap';
  return (
    <div>
      <table className="w-full border-collapse text-sm">
        <thead className="text-xs text-dim">
          <tr>
            <th scope="col" className={`${cell} text-start`}>
              {t('training.reward.part')}
            </th>
            <th scope="col" className={`${cell} text-end`}>
              {t('training.reward.share')}
            </th>
            <th scope="col" className={`${cell} text-end`}>
              {t('training.reward.amount')}
            </th>
          </tr>
        </thead>
        <tbody>
          {round.parts.map(({ part, percent, share, lamports }) => (
            <tr key={part} className="border-t border-line">
              <th scope="row" className={`${cell} text-start`}>
                {t(`training.reward.parts.${part}`)} <span className="text-xs text-dim">{percent} %</span>
              </th>
              <td className={`${cell} text-end ${share === null ? 'text-dim' : ''}`}>
                {share === null ? t('training.reward.notMeasured') : formatShare(share)}
              </td>
              <td className={`${cell} text-end`}>{share === null ? '–' : formatAmount(lamports, unit, 3)}</td>
            </tr>
          ))}
          <tr className="border-t border-line text-dim">
            <th scope="row" colSpan={2} className={`${cell} text-start`}>
              {t('training.reward.fee')}
            </th>
            <td className={`${cell} text-end`}>{formatAmount(`-${round.feeLamports}`, unit, 3)}</td>
          </tr>
          <tr className="border-t border-line font-medium">
            <th scope="row" colSpan={2} className="py-1 text-start font-medium">
              {t('training.reward.netColumn', { unit: unit.name })}
            </th>
            <td className="py-1 text-end">{formatAmount(netLamports(round), unit, 3)}</td>
          </tr>
        </tbody>
      </table>
      {round.leftOut.length > 0 && (
        <ul className="mt-2 grid gap-1 text-xs text-dim">
          {round.leftOut.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
