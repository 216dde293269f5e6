import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { act } from '../../lib/act.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { AddressLine } from './address-line.tsx';
import { type WalletTask, WalletWindow } from './wallet-window.tsx';

/** The payout address among the settings: shown, and changed with questions only. */
export function PayoutRow() {
  const { t } = useTranslation();
  const status = useSignal('wallet.status');
  const settings = useSignal('settings.current');
  const [task, setTask] = useState<WalletTask | null>(null);
  const address = status?.payoutAddress ?? settings?.payoutAddress ?? null;
  return (
    <div className="flex flex-wrap items-center justify-end gap-2">
      {address ? (
        <AddressLine address={address} />
      ) : (
        <span className="text-sm text-dim">{t('wallet.state.none')}</span>
      )}
      <Button size="small" onClick={() => setTask({ kind: 'payout' })}>
        {t(address ? 'wallet.change' : 'wallet.enterAddress')}
      </Button>
      {!status?.delegation && (
        <Button size="small" onClick={() => setTask({ kind: 'sign-in' })}>
          {t('wallet.connect')}
        </Button>
      )}
      {address && !status?.delegation && (
        <Confirm
          trigger={<Button size="small">{t('wallet.forget')}</Button>}
          title={t('wallet.forgetTitle')}
          text={t('wallet.forgetText')}
          confirm={t('wallet.forget')}
          keep={t('wallet.keep')}
          onConfirm={() => act('settings.update', { payoutAddress: null })}
        />
      )}
      <WalletWindow task={task} onClose={() => setTask(null)} />
    </div>
  );
}
