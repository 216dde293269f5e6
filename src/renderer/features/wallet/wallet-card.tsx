import { RefreshCw } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { WalletStatus } from '#contract/wallet.ts';
import { act } from '../../lib/act.ts';
import { formatAmount, shownUnit } from '../../lib/amount.ts';
import { formatMoment, formatSol } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Chip, type ChipLook } from '../../ui/chip.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { AddressLine } from './address-line.tsx';
import { ClusterChip } from './cluster-chip.tsx';
import { type WalletState, walletStateOf } from './wallet-state.ts';
import { type WalletTask, WalletWindow } from './wallet-window.tsx';

const chipLooks: Record<WalletState, ChipLook> = {
  none: 'warn',
  'view-only': 'plain',
  connected: 'good',
  'renewal-due': 'warn',
  expired: 'bad',
};

/** Who is paid, what stands behind it, what the wallet holds, and what can be asked of it. */
export function WalletCard() {
  const { t } = useTranslation();
  const status = useSignal('wallet.status');
  const settings = useSignal('settings.current');
  const [task, setTask] = useState<WalletTask | null>(null);
  const state = walletStateOf(status, settings?.payoutAddress ?? null);
  const address = status?.payoutAddress ?? settings?.payoutAddress ?? null;
  const delegation = status?.delegation ?? null;
  const chain = status?.chain ?? null;
  const isAsked = state !== 'connected';
  return (
    <Card title={t('wallet.title')}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Chip look={chipLooks[state]}>{t(`wallet.state.${state}`)}</Chip>
        {chain && <ClusterChip cluster={chain.cluster} />}
        {address && (
          <span className="flex items-center gap-2 text-sm">
            <span className="text-dim">{t('wallet.paidTo')}</span>
            <AddressLine address={address} />
          </span>
        )}
      </div>
      <p className="mt-2 text-sm text-dim">
        {t(`wallet.text.${state}`, { until: delegation ? formatMoment(delegation.expiresAt) : '' })}
      </p>
      {[chain?.problem, status?.receiptProblem].map(
        (problem) =>
          problem && (
            <div key={problem.code} className="mt-3">
              <ErrorNote error={problem} />
            </div>
          ),
      )}
      {status?.balances && <Balances balances={status.balances} />}
      <div className="mt-3 flex flex-wrap gap-2">
        <Button size="small" look={isAsked ? 'accent' : 'plain'} onClick={() => setTask({ kind: 'sign-in' })}>
          {t(delegation ? 'wallet.renew' : 'wallet.connect')}
        </Button>
        <Button size="small" onClick={() => setTask({ kind: 'payout' })}>
          {t(address ? 'wallet.changeAddress' : 'wallet.enterAddress')}
        </Button>
        {chain && delegation && settings?.payoutBy === 'claim' && (
          <Button size="small" onClick={() => setTask({ kind: 'claim' })}>
            {t('wallet.claim')}
          </Button>
        )}
        {delegation && (
          <Confirm
            trigger={<Button size="small">{t('wallet.revoke')}</Button>}
            title={t('wallet.revokeTitle')}
            text={t('wallet.revokeText')}
            confirm={t('wallet.revoke')}
            keep={t('wallet.keep')}
            onConfirm={() => act('wallet.revoke', {})}
          />
        )}
      </div>
      <WalletWindow task={task} onClose={() => setTask(null)} />
    </Card>
  );
}

function Balances({ balances }: { balances: NonNullable<WalletStatus['balances']> }) {
  const { t } = useTranslation();
  const { token } = balances;
  const [isReading, setReading] = useState(false);
  const refresh = async () => {
    setReading(true);
    await act('wallet.refresh', {});
    setReading(false);
  };
  return (
    <div className="mt-3 flex flex-wrap items-baseline gap-x-6 gap-y-1 border-t border-line pt-3">
      <span>
        <strong className="text-[19px] font-semibold">{formatSol(balances.lamports)}</strong>{' '}
        <small className="text-dim">SOL</small>
      </span>
      {token && (
        <span title={token.asset}>
          <strong className="text-[19px] font-semibold">{formatAmount(token.amountAtomic, token)}</strong>{' '}
          <small className="text-dim">{shownUnit(token, t).name}</small>
        </span>
      )}
      <span className="ms-auto flex items-center gap-2 text-xs text-dim">
        {t('wallet.asOf', { at: formatMoment(balances.at) })}
        <Button size="small" disabled={isReading} onClick={refresh} aria-label={t('wallet.refresh')}>
          <RefreshCw
            size={13}
            aria-hidden
            className={isReading ? 'animate-spin motion-reduce:animate-none' : ''}
          />
        </Button>
      </span>
    </div>
  );
}
