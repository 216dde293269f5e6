import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AddressCheck } from '#contract/wallet.ts';
import { client } from '../../lib/client.ts';
import { shortAddress } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { base64Of } from '../../lib/wallet/base64.ts';
import type { SolanaWallet } from '../../lib/wallet/solana-wallet.ts';
import { AskingPanel } from './asking-panel.tsx';
import { DoneNote } from './done-note.tsx';
import { NewAddress } from './new-address.tsx';
import { ComparedAddresses, RetypedEnd } from './payout-questions.tsx';
import { useQuestion } from './use-question.ts';

type Step = 'enter' | 'compare' | 'retype' | 'sign' | 'done';

/** Another payout address: entered, compared, its end typed again, and signed for by the wallet that was bound. */
export function PayoutFlow({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const status = useSignal('wallet.status');
  const settings = useSignal('settings.current');
  const asking = useQuestion();
  const [step, setStep] = useState<Step>('enter');
  const [next, setNext] = useState<AddressCheck | null>(null);
  const [message, setMessage] = useState<string | null>(null);
  const [old] = useState(status?.payoutAddress ?? settings?.payoutAddress ?? null);
  // Also after its word was taken back, who was bound must agree.
  const signer = status?.delegation?.address ?? status?.boundTo ?? null;

  const store = async (address: string, signature?: string) => {
    const stored = await client.request('wallet.setPayout', { address, ...(signature ? { signature } : {}) });
    if (stored.ok) setStep('done');
    else asking.setError(stored.error);
  };
  /** The operator has agreed twice; the wallet in use may have to as well. */
  const agree = async (address: string) => {
    asking.setError(null);
    const change = await client.request('wallet.changeRequest', { address });
    if (!change.ok) return asking.setError(change.error);
    if (change.data.message === null) return store(address);
    setMessage(change.data.message);
    setStep('sign');
  };
  const sign = async (wallet: SolanaWallet, address: string) => {
    if (message === null || signer === null) return;
    const answer = await asking.ask(wallet, {
      op: 'signMessage',
      summary: t('wallet.summary.change', { address }),
      address: signer,
      message: base64Of(new TextEncoder().encode(message)),
    });
    if (answer) await store(address, answer.signature);
  };

  if (step === 'done')
    return (
      <DoneNote
        text={t('wallet.payout.done', { address: shortAddress(next?.address ?? '') })}
        onClose={onClose}
      />
    );
  if (step === 'enter' || !next)
    return (
      <NewAddress
        known={next?.address ?? ''}
        old={old}
        asking={asking}
        onNext={(checked) => {
          setNext(checked);
          setStep('compare');
        }}
      />
    );
  const back = () => {
    asking.setError(null);
    setStep('enter');
  };
  if (step === 'compare')
    return (
      <ComparedAddresses
        old={old}
        next={next}
        error={asking.error}
        onBack={back}
        onAgree={() => (old === null ? agree(next.address) : setStep('retype'))}
      />
    );
  if (step === 'retype')
    return (
      <RetypedEnd
        address={next.address}
        error={asking.error}
        onBack={back}
        onAgree={() => agree(next.address)}
      />
    );
  return (
    <AskingPanel
      asking={asking}
      action={t('wallet.payout.sign')}
      onAsk={(wallet) => sign(wallet, next.address)}
    >
      <p className="text-sm">{t('wallet.payout.signText', { address: shortAddress(signer ?? '') })}</p>
    </AskingPanel>
  );
}
