import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AddressCheck } from '#contract/wallet.ts';
import type { Delegation } from '#contract/wire/delegation.ts';
import { client } from '../../lib/client.ts';
import { formatMoment } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { BridgeWallet } from '../../lib/wallet/bridge-wallet.ts';
import type { SolanaWallet } from '../../lib/wallet/solana-wallet.ts';
import { AskingPanel } from './asking-panel.tsx';
import { DoneNote } from './done-note.tsx';
import { ComparedAddresses } from './payout-questions.tsx';
import { useQuestion } from './use-question.ts';

/** What a wallet has signed, before it is taken. */
interface Signed {
  delegation: Delegation;
  until: number;
}

/**
 * One signature lets this node's own key register, report and sign receipts for 30 days. Where it comes from another wallet than the one
 * that is paid, or from a phone that another could be, its address is compared first: earnings go there from then on.
 */
export function SignInFlow({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const asking = useQuestion();
  const paid = useSignal('settings.current')?.payoutAddress ?? null;
  const [compared, setCompared] = useState<(Signed & { next: AddressCheck }) | null>(null);
  const [until, setUntil] = useState<number | null>(null);

  const bind = async (signed: Signed) => {
    const bound = await client.request('wallet.bind', signed.delegation);
    if (bound.ok) setUntil(signed.until);
    else asking.setError(bound.error);
  };
  const ask = async (wallet: SolanaWallet) => {
    const asked = await client.request('wallet.signInRequest', {});
    if (!asked.ok) return asking.setError(asked.error);
    const request = asked.data;
    const expiresAt = Date.parse(request.expirationTime);
    const answer = await asking.ask(wallet, {
      op: 'signIn',
      summary: t('wallet.summary.signIn', { until: formatMoment(expiresAt), gateway: request.uri }),
      request,
    });
    if (!answer) return;
    const signed = { delegation: answer.delegation, until: expiresAt };
    const { address } = answer.delegation;
    const isFar = wallet instanceof BridgeWallet && wallet.via === 'phone';
    if (address === paid || (paid === null && !isFar)) return bind(signed);
    const checked = await client.request('wallet.check', { address });
    if (checked.ok) setCompared({ ...signed, next: checked.data });
    else asking.setError(checked.error);
  };

  if (until !== null)
    return <DoneNote text={t('wallet.signedIn', { until: formatMoment(until) })} onClose={onClose} />;
  if (compared)
    return (
      <ComparedAddresses
        old={paid}
        next={compared.next}
        error={asking.error}
        onBack={() => setCompared(null)}
        onAgree={() => bind(compared)}
      />
    );
  return (
    <AskingPanel asking={asking} action={t('wallet.signIn')} onAsk={ask}>
      <p className="text-sm">{t('wallet.signInText')}</p>
      <p className="text-sm text-dim">{t('wallet.signInNever')}</p>
    </AskingPanel>
  );
}
