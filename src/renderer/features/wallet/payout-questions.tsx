import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ErrorBody } from '#contract/result.ts';
import { type AddressCheck, isUnpayable } from '#contract/wallet.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field } from '../../ui/field.tsx';
import { Step } from '../../ui/step.tsx';
import { addressParts } from './wallet-state.ts';

interface QuestionProps {
  error: ErrorBody | null;
  onBack(): void;
  onAgree(): void;
}

/** The first question: old and new side by side, by their ends, with what speaks against the new one. */
export function ComparedAddresses(props: QuestionProps & { old: string | null; next: AddressCheck }) {
  const { t } = useTranslation();
  const { old, next, error, onBack, onAgree } = props;
  return (
    <Step>
      {old && <LargeAddress title={t('wallet.payout.old')} address={old} isOld />}
      <LargeAddress title={t('wallet.payout.new')} address={next.address} />
      <p className="text-sm text-dim">{t('wallet.payout.compare')}</p>
      {next.warning && (
        <p role="alert" className="rounded-lg border border-warn/45 px-3.5 py-2.5 text-sm">
          <strong className="font-medium text-warn">{t(`wallet.warning.${next.warning}.title`)}</strong>
          <br />
          {t(`wallet.warning.${next.warning}.text`)}
        </p>
      )}
      {error && <ErrorNote error={error} />}
      <Buttons onBack={onBack}>
        <Button look="accent" disabled={isUnpayable(next.warning)} onClick={onAgree}>
          {t(next.warning ? 'wallet.payout.yesAnyway' : 'wallet.payout.yes')}
        </Button>
      </Buttons>
    </Step>
  );
}

/** The second question, which a mere click does not answer. */
export function RetypedEnd({ address, error, onBack, onAgree }: QuestionProps & { address: string }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [, , end] = addressParts(address);
  return (
    <Step>
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() === end) onAgree();
        }}
      >
        <p className="text-sm">{t('wallet.payout.again')}</p>
        <Field
          label={t('wallet.payout.retype')}
          hint={t('wallet.payout.retypeHint')}
          value={text}
          maxLength={8}
          onChange={(event) => setText(event.target.value)}
          autoComplete="off"
          spellCheck={false}
        />
        {error && <ErrorNote error={error} />}
        <Buttons onBack={onBack}>
          <Button look="accent" type="submit" disabled={text.trim() !== end}>
            {t('wallet.payout.confirm')}
          </Button>
        </Buttons>
      </form>
    </Step>
  );
}

function Buttons({ onBack, children }: { onBack(): void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className="flex justify-between gap-2">
      <Button onClick={onBack}>{t('wallet.back')}</Button>
      {children}
    </div>
  );
}

function LargeAddress({
  title,
  address,
  isOld = false,
}: {
  title: string;
  address: string;
  isOld?: boolean;
}) {
  const [first, middle, last] = addressParts(address);
  return (
    <div className="rounded-lg border border-line px-3.5 py-2.5">
      <p className="text-xs text-dim">{title}</p>
      <p className="font-mono break-all">
        <strong className={`text-2xl ${isOld ? 'text-dim' : ''}`}>{first}</strong>
        <span className="text-xs text-dim">{middle}</span>
        <strong className={`text-2xl ${isOld ? 'text-dim' : ''}`}>{last}</strong>
      </p>
    </div>
  );
}
