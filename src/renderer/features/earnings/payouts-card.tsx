import { useTranslation } from 'react-i18next';
import { formatMoment, shortAddress } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { PaymentAmount, PaymentLink, PaymentStateMark } from './payment-words.tsx';

/** Payouts under way and the latest that came; nothing where none ever was. */
export function PayoutsCard() {
  const { t } = useTranslation();
  const payments = useSignal('payouts.latest') ?? [];
  if (payments.length === 0) return null;
  return (
    <section className="min-w-0 rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <h2 className="mb-3 text-xs font-medium text-dim">{t('earnings.payments.title')}</h2>
      <ul aria-label={t('earnings.payments.title')} className="max-h-72 overflow-auto text-sm">
        {payments.map((payment) => (
          <li
            key={payment.id}
            className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 gap-y-0.5 border-t border-line px-2 py-2 first:border-0"
          >
            <PaymentAmount payment={payment} />
            <PaymentStateMark payment={payment} />
            <span className="text-xs text-dim">
              {formatMoment(payment.at)} · {t(`earnings.payments.modes.${payment.mode}`)}
            </span>
            <span className="text-end">
              <PaymentLink payment={payment} />
            </span>
            {payment.mode === 'unattributed' && (
              <span className="col-span-2 text-xs text-dim">{t('earnings.payments.unnamedNote')}</span>
            )}
            {payment.reason && (
              <span className="col-span-2 text-xs text-dim" title={shortAddress(payment.id)}>
                {payment.reason}
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
