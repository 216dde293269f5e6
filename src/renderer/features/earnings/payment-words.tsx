import { BadgeCheck, CircleHelp, Clock, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Payment } from '#contract/wallet.ts';
import { formatAmount, shownUnit } from '../../lib/amount.ts';
import { explorerUrl } from '../../lib/explorer.ts';
import { shortAddress } from '../../lib/format.ts';

const looks: Record<Payment['state'], { icon: typeof Clock; color: string }> = {
  submitted: { icon: Clock, color: 'text-info' },
  confirmed: { icon: Clock, color: 'text-info' },
  finalized: { icon: BadgeCheck, color: 'text-earn' },
  expired: { icon: Clock, color: 'text-dim' },
  failed: { icon: TriangleAlert, color: 'text-bad' },
  disputed: { icon: TriangleAlert, color: 'text-bad' },
};

const unnamed = { icon: CircleHelp, color: 'text-info' };

/** State of a payment by icon, colour and word; a transfer that names no request has come, and paid for none. */
export function PaymentStateMark({ payment: { state, mode } }: { payment: Pick<Payment, 'state' | 'mode'> }) {
  const { t } = useTranslation();
  const isUnnamed = mode === 'unattributed' && state === 'finalized';
  const { icon: Icon, color } = isUnnamed ? unnamed : looks[state];
  return (
    <span className={`inline-flex items-center gap-1.5 ${color}`}>
      <Icon size={14} aria-hidden />
      {t(isUnnamed ? 'earnings.payments.came' : `earnings.payments.states.${state}`)}
    </span>
  );
}

/** 1.25 USDC; the token's whole mint when one points at it. */
export function PaymentAmount({ payment }: { payment: Payment }) {
  const { t } = useTranslation();
  return (
    <span title={payment.asset === 'SOL' ? undefined : payment.asset}>
      {formatAmount(payment.amountAtomic, payment)}{' '}
      <span className="text-xs text-dim">{shownUnit(payment, t).name}</span>
    </span>
  );
}

/** Leads to the transaction on the chain; only its name where nobody else can see that chain. */
export function PaymentLink({ payment: { signature, cluster } }: { payment: Payment }) {
  const { t } = useTranslation();
  if (signature === null) return <span className="text-dim">–</span>;
  const url = explorerUrl(signature, cluster);
  if (url === null) return <span className="font-mono text-xs text-dim">{shortAddress(signature)}</span>;
  return (
    <a
      href={url}
      target="_blank"
      rel="noreferrer"
      className="rounded font-mono text-xs text-link hover:underline focus-visible:outline-2 focus-visible:outline-accent"
      aria-label={t('earnings.payments.look', { signature: shortAddress(signature) })}
    >
      {shortAddress(signature)}
    </a>
  );
}
