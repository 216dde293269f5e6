import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AddressCheck } from '#contract/wallet.ts';
import { client } from '../../lib/client.ts';
import type { SolanaWallet } from '../../lib/wallet/solana-wallet.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field } from '../../ui/field.tsx';
import { AskingPanel } from './asking-panel.tsx';
import type { Asking } from './use-question.ts';

interface NewAddressProps {
  known: string;
  old: string | null;
  asking: Asking;
  onNext(checked: AddressCheck): void;
}

/** An address, typed, pasted or taken from a wallet, and checked before anything is asked. */
export function NewAddress({ known, old, asking, onNext }: NewAddressProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(known);
  const [isAsking, setAsking] = useState(false);
  const check = async () => {
    const result = await client.request('wallet.check', { address: text });
    if (result.ok) onNext(result.data);
    else asking.setError(result.error);
  };
  const take = async (wallet: SolanaWallet) => {
    const answer = await asking.ask(wallet, { op: 'connect', summary: t('wallet.summary.connect') });
    if (!answer) return;
    setText(answer.address);
    setAsking(false);
  };
  if (isAsking) return <AskingPanel asking={asking} action={t('wallet.askAddress')} onAsk={take} />;
  const isSame = old !== null && text.trim() === old;
  return (
    <form
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        void check();
      }}
    >
      <Field
        label={t('wallet.payout.new')}
        hint={t(isSame ? 'wallet.payout.same' : 'wallet.payout.hint')}
        value={text}
        onChange={(event) => {
          asking.setError(null);
          setText(event.target.value);
        }}
        autoComplete="off"
        spellCheck={false}
      />
      {asking.error && <ErrorNote error={asking.error} />}
      <div className="flex justify-between gap-2">
        <Button
          onClick={() => {
            asking.setError(null);
            setAsking(true);
          }}
        >
          {t('wallet.takeAddress')}
        </Button>
        <Button look="accent" type="submit" disabled={text.trim() === '' || isSame}>
          {t('wallet.next')}
        </Button>
      </div>
    </form>
  );
}
