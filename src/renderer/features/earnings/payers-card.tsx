import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Payer } from '#contract/wallet.ts';
import { act } from '../../lib/act.ts';
import { formatAmount, type ShownUnit, shownUnit } from '../../lib/amount.ts';
import { client } from '../../lib/client.ts';
import { formatMoment, shortAddress } from '../../lib/format.ts';
import { Chip } from '../../ui/chip.tsx';
import { useChanges } from './use-changes.ts';

const refreshMs = 3000;

/** Who is served on credit, what each owes, and a switch that stops serving one; nothing before the first. */
export function PayersCard({ unit }: { unit: ShownUnit }) {
  const { t } = useTranslation();
  const { payers, readAgain } = usePayers();
  if (payers.length === 0) return null;
  const block = async (payer: string, blocked: boolean) => {
    await act('payers.block', { payer, blocked });
    readAgain();
  };
  return (
    <section className="min-w-0 rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <h2 className="mb-3 text-xs font-medium text-dim">{t('earnings.payers.title', { unit: unit.name })}</h2>
      <ul
        aria-label={t('earnings.payers.title', { unit: unit.name })}
        className="max-h-72 overflow-auto text-sm"
      >
        {payers.map((one) => (
          <li
            key={`${one.gatewayUrl} ${one.payer} ${one.asset}`}
            className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-0.5 border-t border-line px-2 py-2 first:border-0"
          >
            <span className="flex min-w-0 items-center gap-2">
              <span className="truncate font-mono text-xs" title={one.payer}>
                {shortAddress(one.payer)}
              </span>
              {one.asset !== unit.asset && <Chip>{shownUnit(one, t).name}</Chip>}
              {one.isBlocked ? (
                <Chip look="bad">{t('earnings.payers.blocked')}</Chip>
              ) : one.limitReached ? (
                <Chip look="warn">{t(`earnings.payers.atLimit.${one.limitReached}`)}</Chip>
              ) : null}
            </span>
            <label className="inline-flex cursor-pointer items-center gap-2 text-xs text-dim">
              <input
                type="checkbox"
                className="size-4 accent-accent"
                checked={!one.isBlocked}
                onChange={(event) => block(one.payer, !event.target.checked)}
                aria-label={t('earnings.payers.serveNamed', { payer: shortAddress(one.payer) })}
              />
              {t('earnings.payers.serve')}
            </label>
            <span className="col-span-2 text-xs text-dim">
              {t('earnings.payers.figures', {
                earned: formatAmount(one.earnedLamports, one),
                unvouchered: formatAmount(one.unvoucheredLamports, one),
                unsettled: formatAmount(one.unsettledLamports, one),
              })}
              {one.lastPaidAt !== null &&
                ` · ${t('earnings.payers.paid', { at: formatMoment(one.lastPaidAt) })}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function usePayers(): { payers: readonly Payer[]; readAgain(): void } {
  const [payers, setPayers] = useState<readonly Payer[]>([]);
  const changes = useChanges(refreshMs);
  const readAgain = useCallback(async () => {
    const answer = await client.request('payers.list', {});
    if (answer.ok) setPayers(answer.data);
  }, []);
  useEffect(() => {
    if (changes >= 0) void readAgain();
  }, [changes, readAgain]);
  return { payers, readAgain };
}
