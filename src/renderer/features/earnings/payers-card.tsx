import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Payer } from '#contract/wallet.ts';
import { act } from '../../lib/act.ts';
import { formatAmount, type ShownUnit, shownUnit } from '../../lib/amount.ts';
import { client } from '../../lib/client.ts';
import { formatMoment, shortAddress } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { Confirm } from '../../ui/confirm.tsx';
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
  const networks = new Set(payers.map(({ network }) => network));
  return (
    <section className="min-w-0 rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <h2 className="mb-3 text-xs font-medium text-dim">{t('earnings.payers.title', { unit: unit.name })}</h2>
      <ul
        aria-label={t('earnings.payers.title', { unit: unit.name })}
        className="max-h-72 overflow-auto text-sm"
      >
        {payers.map((one) => (
          <li
            key={`${one.gatewayUrl} ${one.payer} ${one.network} ${one.asset}`}
            className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-0.5 border-t border-line px-2 py-2 first:border-0"
          >
            <span className="flex min-w-0 items-center gap-2">
              <span className="truncate font-mono text-xs" title={one.payer}>
                {shortAddress(one.payer)}
              </span>
              {one.asset !== unit.asset && <Chip>{shownUnit(one, t).name}</Chip>}
              {networks.size > 1 && (
                <Chip look={one.network === 'test-credits' ? 'warn' : 'plain'}>{one.network}</Chip>
              )}
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
            <Disputed payer={one} onDone={readAgain} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Its disputed work, and the way to write it off; nothing where none ever was. */
function Disputed({ payer: one, onDone }: { payer: Payer; onDone(): void }) {
  const { t } = useTranslation();
  const { payer, gatewayUrl, network, asset, disputedLamports, writtenOffLamports } = one;
  const values = {
    payer: shortAddress(payer),
    amount: formatAmount(disputedLamports, one),
    writtenOff: formatAmount(writtenOffLamports, one),
    unit: shownUnit(one, t, network === 'test-credits').name,
  };
  const parts = [
    ...(disputedLamports === '0' ? [] : [t('earnings.payers.disputed', values)]),
    ...(writtenOffLamports === '0' ? [] : [t('earnings.payers.writtenOff', values)]),
  ];
  if (parts.length === 0) return null;
  const writeOff = async () => {
    await act('payers.writeOff', { gatewayUrl, network, asset, payer, amountLamports: disputedLamports });
    onDone();
  };
  return (
    <span className="col-span-2 flex flex-wrap items-center justify-between gap-2 text-xs text-dim">
      {parts.join(' · ')}
      {disputedLamports !== '0' && (
        <Confirm
          trigger={
            <Button size="small" aria-label={t('earnings.payers.writeOffNamed', values)}>
              {t('earnings.payers.writeOff')}
            </Button>
          }
          title={t('earnings.payers.writeOffTitle')}
          text={t('earnings.payers.writeOffQuestion', values)}
          confirm={t('earnings.payers.writeOff')}
          keep={t('earnings.payers.keep')}
          onConfirm={writeOff}
        />
      )}
    </span>
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
