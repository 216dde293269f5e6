import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallOutput } from '#contract/calls.ts';
import { phantomLink } from '#contract/settlement/phone-mail.ts';
import { client } from '../../lib/client.ts';
import { useNow } from '../../lib/use-now.ts';
import { BridgeWallet } from '../../lib/wallet/bridge-wallet.ts';
import type { SolanaWallet } from '../../lib/wallet/solana-wallet.ts';
import { Button } from '../../ui/button.tsx';
import { QrCode } from '../../ui/qr-code.tsx';
import { Step } from '../../ui/step.tsx';

const lookAgainMs = 300;

/** While the wallet is asked: where, until when, and the link for another browser, or the phone's camera. */
export function WaitingNote({ wallet, onCancel }: { wallet: SolanaWallet; onCancel(): void }) {
  const { t } = useTranslation();
  const link = useLink();
  const now = useNow(1000);
  const [isCopied, setCopied] = useState(false);
  const copy = async (url: string) => {
    await navigator.clipboard.writeText(url);
    setCopied(true);
  };
  const textOf = () => {
    if (link) return t(`wallet.waiting.${link.via}`);
    const isPhone = wallet instanceof BridgeWallet && wallet.via === 'phone';
    return isPhone ? t('wallet.waiting.reaching') : t('wallet.waiting.wallet', { wallet: wallet.name });
  };
  return (
    <Step>
      <p aria-live="polite" className="text-sm font-medium">
        {textOf()}
      </p>
      {link && (
        <>
          {link.via === 'phone' && (
            <div className="flex justify-center">
              <QrCode text={phantomLink(link.url)} label={t('wallet.waiting.qr')} />
            </div>
          )}
          {link.code !== null && (
            <p className="text-center text-sm font-medium">{t('wallet.waiting.code', { code: link.code })}</p>
          )}
          <p className="text-sm text-dim">{t(`wallet.waiting.help.${link.via}`)}</p>
          {link.via === 'phone' && (
            <p className="text-sm text-dim">{t('wallet.waiting.relay', { relay: new URL(link.url).host })}</p>
          )}
          <p className="text-sm text-dim">
            {t('wallet.waiting.left', { left: minutesAndSeconds(link.expiresAt - now) })}
          </p>
        </>
      )}
      <div className="flex justify-end gap-2">
        {link && (
          <Button onClick={() => copy(link.url)}>{t(isCopied ? 'wallet.copied' : 'wallet.copyLink')}</Button>
        )}
        <Button onClick={onCancel}>{t('wallet.cancel')}</Button>
      </div>
    </Step>
  );
}

/** The link of the question, once it is there; null in a browser, whose wallets need none. */
function useLink(): CallOutput<'shell.walletLink'> {
  const [link, setLink] = useState<CallOutput<'shell.walletLink'>>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      const result = await client.request('shell.walletLink', {});
      if (!result.ok) return;
      if (result.data) setLink(result.data);
      else timer = setTimeout(look, lookAgainMs);
    };
    void look();
    return () => clearTimeout(timer);
  }, []);
  return link;
}

/** 4:07. */
function minutesAndSeconds(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
