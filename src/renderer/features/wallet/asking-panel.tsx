import { type ReactNode, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { SolanaWallet } from '../../lib/wallet/solana-wallet.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import type { Asking } from './use-question.ts';
import { WaitingNote } from './waiting-note.tsx';

interface AskingPanelProps {
  asking: Asking;
  /** What the button says, before the wallet is asked. */
  action: string;
  disabled?: boolean;
  onAsk(wallet: SolanaWallet): void;
  children?: ReactNode;
}

/** Which wallet, the button that asks it, the wait, and what went wrong. */
export function AskingPanel({ asking, action, disabled = false, onAsk, children }: AskingPanelProps) {
  const { t } = useTranslation();
  const group = useId();
  const [name, setName] = useState<string | null>(null);
  const { wallets, preferred, waitingFor, error } = asking;
  if (waitingFor) return <WaitingNote wallet={waitingFor} onCancel={asking.cancel} />;
  const chosen = wallets.find((wallet) => wallet.name === name) ?? preferred;
  return (
    <div className="grid gap-3">
      {children}
      {wallets.length === 0 && (
        <p className="rounded-lg border border-warn/45 px-3.5 py-2.5 text-sm">{t('wallet.noWallets')}</p>
      )}
      {wallets.length > 0 && (
        <fieldset className="grid gap-2">
          <legend className="mb-1.5 text-sm font-medium">{t('wallet.which')}</legend>
          {wallets.map((wallet) => (
            <label
              key={wallet.name}
              className="flex cursor-pointer items-center gap-3 rounded-lg border border-line p-2.5 text-sm has-checked:border-accent has-focus-visible:outline-2 has-focus-visible:outline-accent"
            >
              <input
                type="radio"
                className="accent-accent"
                name={group}
                checked={chosen?.name === wallet.name}
                onChange={() => setName(wallet.name)}
              />
              <img src={wallet.icon} alt="" className="size-5 rounded" />
              {wallet.name}
            </label>
          ))}
        </fieldset>
      )}
      {error && <ErrorNote error={error} />}
      <div className="flex justify-end">
        <Button look="accent" disabled={!chosen || disabled} onClick={() => chosen && onAsk(chosen)}>
          {error ? t('wallet.again') : action}
        </Button>
      </div>
    </div>
  );
}
