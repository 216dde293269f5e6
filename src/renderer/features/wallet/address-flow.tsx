import { useTranslation } from 'react-i18next';
import type { SolanaWallet } from '../../lib/wallet/solana-wallet.ts';
import { AskingPanel } from './asking-panel.tsx';
import { useQuestion } from './use-question.ts';

/** Asks a wallet for its address, and for nothing else. */
export function AddressFlow({ onAddress }: { onAddress(address: string): void }) {
  const { t } = useTranslation();
  const asking = useQuestion();
  const ask = async (wallet: SolanaWallet) => {
    const answer = await asking.ask(wallet, { op: 'connect', summary: t('wallet.summary.connect') });
    if (answer) onAddress(answer.address);
  };
  return (
    <AskingPanel asking={asking} action={t('wallet.askAddress')} onAsk={ask}>
      <p className="text-sm text-dim">{t('wallet.addressText')}</p>
    </AskingPanel>
  );
}
