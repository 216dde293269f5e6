import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client } from '../../lib/client.ts';
import { formatMoment } from '../../lib/format.ts';
import type { SolanaWallet } from '../../lib/wallet/solana-wallet.ts';
import { AskingPanel } from './asking-panel.tsx';
import { DoneNote } from './done-note.tsx';
import { useQuestion } from './use-question.ts';

/** One signature lets this node's own key register, report and sign receipts for 30 days. */
export function SignInFlow({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const asking = useQuestion();
  const [until, setUntil] = useState<number | null>(null);
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
    const bound = await client.request('wallet.bind', answer.delegation);
    if (bound.ok) setUntil(expiresAt);
    else asking.setError(bound.error);
  };
  if (until !== null)
    return <DoneNote text={t('wallet.signedIn', { until: formatMoment(until) })} onClose={onClose} />;
  return (
    <AskingPanel asking={asking} action={t('wallet.signIn')} onAsk={ask}>
      <p className="text-sm">{t('wallet.signInText')}</p>
      <p className="text-sm text-dim">{t('wallet.signInNever')}</p>
    </AskingPanel>
  );
}
