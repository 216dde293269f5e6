import { useTranslation } from 'react-i18next';
import type { Payment } from '#contract/wallet.ts';
import { shortAddress } from '../../lib/format.ts';
import { Steps } from '../../ui/steps.tsx';
import { explorerUrl } from './wallet-state.ts';

const course = ['submitted', 'confirmed', 'finalized'] as const;

/** How far a payment has come, and where to look it up. */
export function PaymentState({ payment }: { payment: Payment }) {
  const { t } = useTranslation();
  const { state, signature, cluster } = payment;
  const index = (course as readonly string[]).indexOf(state);
  const url = signature ? explorerUrl(signature, cluster) : null;
  return (
    <div className="grid gap-3 text-sm">
      {index >= 0 && (
        <Steps
          label={t('wallet.claimed.course')}
          doneLabel={t('wallet.claimed.over')}
          present={state === 'finalized' ? course.length : index}
          progress={null}
          steps={course.map((key) => ({ key, title: t(`wallet.payment.${key}`) }))}
        />
      )}
      <p aria-live="polite">{t(`wallet.paymentText.${state}`)}</p>
      {payment.reason && <p className="text-dim">{payment.reason}</p>}
      {signature &&
        (url ? (
          <a className="text-link underline" href={url} target="_blank" rel="noreferrer">
            {t('wallet.claimed.explorer', { signature: shortAddress(signature) })}
          </a>
        ) : (
          <code className="font-mono text-xs break-all text-dim">{signature}</code>
        ))}
    </div>
  );
}
