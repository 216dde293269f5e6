import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ClaimSummary, Payment } from '#contract/wallet.ts';
import { client } from '../../lib/client.ts';
import { useNow } from '../../lib/use-now.ts';
import { useSignal } from '../../lib/use-signal.ts';
import type { SolanaWallet } from '../../lib/wallet/solana-wallet.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { AskingPanel } from './asking-panel.tsx';
import { amountWords, ClaimFacts } from './claim-facts.tsx';
import { PaymentState } from './payment-state.tsx';
import { useQuestion } from './use-question.ts';

/** A payout that the operator's wallet signs: in words first, then signed, sent by the node, and followed. */
export function ClaimFlow({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const asking = useQuestion();
  const { setError } = asking;
  const latest = useSignal('payouts.latest');
  const [claim, setClaim] = useState<ClaimSummary | null>(null);
  const [turn, setTurn] = useState(0);
  const [payment, setPayment] = useState<Payment | null>(null);
  const now = useNow(1000);
  useEffect(() => {
    let isWanted = turn >= 0;
    void client.request('payouts.prepare', {}).then((result) => {
      if (!isWanted) return;
      setError(result.ok ? null : result.error);
      setClaim(result.ok ? result.data : null);
    });
    return () => {
      isWanted = false;
    };
  }, [turn, setError]);

  const sign = async (wallet: SolanaWallet, prepared: ClaimSummary) => {
    const answer = await asking.ask(wallet, {
      op: 'signTransaction',
      summary: t('wallet.summary.claim', { amount: amountWords(prepared, t), to: prepared.to }),
      address: prepared.to,
      cluster: prepared.cluster,
      transaction: prepared.transaction,
    });
    if (!answer) return;
    const sent = await client.request('payouts.submit', { id: prepared.id, transaction: answer.transaction });
    if (sent.ok) setPayment(sent.data);
    else setError(sent.error);
  };

  if (payment)
    return (
      <div className="grid gap-4">
        <PaymentState payment={latest?.find(({ id }) => id === payment.id) ?? payment} />
        <div className="flex justify-end">
          <Button onClick={onClose}>{t('wallet.done')}</Button>
        </div>
      </div>
    );
  const again = (text: ReactNode) => (
    <div className="grid gap-3">
      {text}
      <div className="flex justify-end">
        <Button
          look="accent"
          onClick={() => {
            setClaim(null);
            setError(null);
            setTurn(turn + 1);
          }}
        >
          {t('wallet.again')}
        </Button>
      </div>
    </div>
  );
  if (!claim && asking.error) return again(<ErrorNote error={asking.error} />);
  if (!claim) return <p className="text-sm text-dim">{t('wallet.claimed.preparing')}</p>;
  // A transaction is good for about a minute and a half, and the wallet’s window may stay open longer.
  if (claim.expiresAt <= now && !asking.waitingFor)
    return again(
      <>
        <p className="text-sm">{t('wallet.claimed.expired')}</p>
        {asking.error && <ErrorNote error={asking.error} />}
      </>,
    );
  return (
    <AskingPanel
      asking={asking}
      action={t('wallet.claimed.sign')}
      disabled={!claim.simulation.ok}
      onAsk={(wallet) => sign(wallet, claim)}
    >
      <ClaimFacts claim={claim} />
    </AskingPanel>
  );
}
