import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { type WalletTask, WalletWindow } from './wallet-window.tsx';

/** Takes an address from a wallet rather than from the keyboard. */
export function WalletAddressButton({ onAddress }: { onAddress(address: string): void }) {
  const { t } = useTranslation();
  const [task, setTask] = useState<WalletTask | null>(null);
  const open = () =>
    setTask({
      kind: 'address',
      onAddress(address) {
        setTask(null);
        onAddress(address);
      },
    });
  return (
    <>
      <Button size="small" onClick={open}>
        {t('wallet.takeAddress')}
      </Button>
      <WalletWindow task={task} onClose={() => setTask(null)} />
    </>
  );
}
