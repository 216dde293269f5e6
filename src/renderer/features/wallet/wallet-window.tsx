import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../../ui/dialog.tsx';

/** What the wallet, or the operator, is asked. */
export type WalletTask =
  | { kind: 'sign-in' }
  /** The wallet's address alone; nothing is signed. */
  | { kind: 'address'; onAddress(address: string): void }
  | { kind: 'payout' }
  | { kind: 'claim' };

// Wallets and the chain's library are large, and most openings of the app need neither.
const WalletFlow = lazy(async () => {
  const { registerBridges } = await import('../../lib/wallet/register-bridge.ts');
  await registerBridges();
  return import('./wallet-flow.tsx');
});

export function WalletWindow({ task, onClose }: { task: WalletTask | null; onClose(): void }) {
  const { t } = useTranslation();
  if (!task) return null;
  return (
    <Dialog title={t(`wallet.task.${task.kind}`)} closeLabel={t('wallet.close')} onClose={onClose}>
      <Suspense fallback={<p className="text-sm text-dim">{t('wallet.loading')}</p>}>
        <WalletFlow task={task} onClose={onClose} />
      </Suspense>
    </Dialog>
  );
}
