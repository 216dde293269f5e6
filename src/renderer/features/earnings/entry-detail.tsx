import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { assetName } from '#contract/assets.ts';
import type { EntryDetail } from '#contract/earnings.ts';
import type { Result } from '#contract/result.ts';
import { formatAmount, shownUnit } from '../../lib/amount.ts';
import { client } from '../../lib/client.ts';
import { formatDuration, formatMoment, formatTokens } from '../../lib/format.ts';
import { ErrorNote } from '../../ui/error-note.tsx';
import { type Fact, Facts } from '../../ui/facts.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';
import { EntryStateMark } from './entry-state.tsx';
import { PaymentAmount, PaymentLink, PaymentStateMark } from './payment-words.tsx';
import { ProxiedFacts } from './proxied-facts.tsx';
import { ReceiptSection } from './receipt-section.tsx';
import { VoucherSection } from './voucher-section.tsx';

/** An entry and every field of its signed receipt. */
export function EntryDetailView({ id }: { id: number }) {
  const { t } = useTranslation();
  const [answer, setAnswer] = useState<Result<EntryDetail> | null>(null);
  useEffect(() => {
    let wanted = true;
    client.request('earnings.entry', { id }).then((result) => wanted && setAnswer(result));
    return () => {
      wanted = false;
    };
  }, [id]);
  if (answer === null) return <TableSkeleton label={t('earnings.loading')} />;
  if (!answer.ok) return <ErrorNote error={answer.error} />;
  const entry = answer.data;
  const unit = shownUnit(entry, t, entry.network === 'test-credits');
  const isTraining = entry.type === 'training';
  const work: Fact[] = isTraining
    ? [{ label: t('earnings.kind'), value: t('earnings.trainingRound') }]
    : [
        { label: t('earnings.promptTokens'), value: formatTokens(entry.promptTokens) },
        { label: t('earnings.generatedTokens'), value: formatTokens(entry.generatedTokens) },
      ];
  const facts: Fact[] = [
    { label: t('earnings.time'), value: formatMoment(entry.at) },
    { label: t(isTraining ? 'earnings.task' : 'earnings.model'), value: entry.model },
    { label: t('earnings.price', { unit: unit.name }), value: formatAmount(entry.priceLamports, unit) },
    { label: t('earnings.fee', { unit: unit.name }), value: formatAmount(entry.feeLamports, unit) },
    { label: t('earnings.net', { unit: unit.name }), value: formatAmount(entry.netLamports, unit) },
    ...work,
    { label: t('earnings.took'), value: formatDuration(entry.durationMs) },
    { label: t('earnings.gateway'), value: entry.gatewayUrl, copy: true },
    { label: t('earnings.network'), value: entry.network },
    ...(entry.asset === 'SOL'
      ? []
      : [{ label: t('earnings.token'), value: assetName(entry.asset), copy: entry.asset }]),
    { label: t('earnings.requestId'), value: entry.requestId, copy: true },
  ];
  return (
    <div className="flex flex-col gap-4">
      <EntryStateMark state={entry.state} />
      {entry.disputeReason && <p className="text-sm text-bad">{entry.disputeReason}</p>}
      <Facts facts={facts} copyLabel={t('earnings.copy')} />
      {entry.proxied && <ProxiedFacts proxied={entry.proxied} unit={unit} />}
      {entry.receipt ? (
        <ReceiptSection entry={entry} signed={entry.receipt} />
      ) : (
        <section className="grid gap-2 border-t border-line pt-4">
          <h3 className="text-sm font-semibold">{t('earnings.receipt')}</h3>
          <p className="text-sm text-dim">{t('earnings.noReceipt')}</p>
        </section>
      )}
      <VoucherSection entry={entry} unit={unit} />
      {entry.payment && (
        <section className="grid gap-2 border-t border-line pt-4 text-sm">
          <h3 className="font-semibold">{t('earnings.payments.one')}</h3>
          <p className="flex flex-wrap items-center gap-3">
            <PaymentStateMark payment={entry.payment} />
            <PaymentAmount payment={entry.payment} />
            <PaymentLink payment={entry.payment} />
          </p>
          <p className="text-xs text-dim">{t('earnings.payments.oneNote')}</p>
        </section>
      )}
    </div>
  );
}
