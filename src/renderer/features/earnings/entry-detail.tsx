import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { EntryDetail } from '#contract/earnings.ts';
import type { Result } from '#contract/result.ts';
import type { SignedReceipt } from '#contract/wire/receipt.ts';
import { client } from '../../lib/client.ts';
import { formatDuration, formatSol, formatTime, formatTokens, shortAddress } from '../../lib/format.ts';
import { ErrorNote } from '../../ui/error-note.tsx';
import { type Fact, Facts } from '../../ui/facts.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';
import { EntryStateMark } from './entry-state.tsx';
import { ProxiedFacts } from './proxied-facts.tsx';
import { isTrainingRound } from './training-round.ts';

/** An entry and every field of its signed receipt. */
export function EntryDetailView({ id, unit }: { id: number; unit: string }) {
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
  const isTraining = isTrainingRound(entry);
  const work: Fact[] = isTraining
    ? [{ label: t('earnings.kind'), value: t('earnings.trainingRound') }]
    : [
        { label: t('earnings.promptTokens'), value: formatTokens(entry.promptTokens) },
        { label: t('earnings.generatedTokens'), value: formatTokens(entry.generatedTokens) },
      ];
  const facts: Fact[] = [
    { label: t('earnings.time'), value: formatTime(entry.at) },
    { label: t(isTraining ? 'earnings.task' : 'earnings.model'), value: entry.model },
    { label: t('earnings.price', { unit }), value: formatSol(entry.priceLamports) },
    { label: t('earnings.fee', { unit }), value: formatSol(entry.feeLamports) },
    { label: t('earnings.net', { unit }), value: formatSol(entry.netLamports) },
    ...work,
    { label: t('earnings.took'), value: formatDuration(entry.durationMs) },
    { label: t('earnings.gateway'), value: entry.gatewayUrl, copy: true },
    { label: t('earnings.network'), value: entry.network },
  ];
  return (
    <div className="flex flex-col gap-4">
      <EntryStateMark state={entry.state} />
      {entry.disputeReason && <p className="text-sm text-bad">{entry.disputeReason}</p>}
      <Facts facts={facts} copyLabel={t('earnings.copy')} />
      {entry.proxied && <ProxiedFacts proxied={entry.proxied} unit={unit} />}
      <h3 className="border-t border-line pt-4 text-sm font-semibold">{t('earnings.receipt')}</h3>
      {entry.receipt ? (
        <Facts facts={receiptFacts(entry.receipt)} copyLabel={t('earnings.copy')} />
      ) : (
        <p className="text-sm text-dim">{t('earnings.noReceipt')}</p>
      )}
    </div>
  );
}

const long = 24;

/** Fields under the names they have in the signed text, so that they can be compared with it. */
function receiptFacts({ receipt, signature }: SignedReceipt): Fact[] {
  return Object.entries({ ...receipt, signature }).map(([label, value]) => {
    const text = String(value);
    return text.length > long ? { label, value: shortAddress(text), copy: text } : { label, value: text };
  });
}
