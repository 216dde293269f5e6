import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { EntryDetail } from '#contract/earnings.ts';
import type { SignedReceipt } from '#contract/wire/receipt.ts';
import { shortAddress } from '../../lib/format.ts';
import { checkReceipt, type ReceiptCheck } from '../../lib/signature-check.ts';
import { Button } from '../../ui/button.tsx';
import { type Fact, Facts } from '../../ui/facts.tsx';
import { CheckMark } from './check-mark.tsx';

const stepMs = 350;
const stepCount = 4;

/** Every field of a signed receipt, and its signature checked before the reader's eyes. */
export function ReceiptSection({ entry, signed }: { entry: EntryDetail; signed: SignedReceipt }) {
  const { t } = useTranslation();
  const [check, setCheck] = useState<ReceiptCheck | null>(null);
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setCheck(await checkReceipt(signed));
    setBusy(false);
  };
  return (
    <section className="grid gap-3 border-t border-line pt-4">
      <h3 className="flex items-center gap-2 text-sm font-semibold">
        <span className="me-auto">{t('earnings.receipt')}</span>
        <Button size="small" disabled={isBusy} onClick={run}>
          {t('earnings.check.run')}
        </Button>
      </h3>
      {check && <CheckSteps check={check} signed={signed} entry={entry} />}
      <Facts facts={receiptFacts(signed)} copyLabel={t('earnings.copy')} />
    </section>
  );
}

function CheckSteps({
  check,
  signed,
  entry,
}: {
  check: ReceiptCheck;
  signed: SignedReceipt;
  entry: EntryDetail;
}) {
  const { t } = useTranslation();
  const shown = useSteps(stepCount);
  const { receipt, signature } = signed;
  const isSame =
    receipt.price_atomic === entry.priceLamports &&
    receipt.request_id === entry.requestId &&
    receipt.model === entry.model &&
    receipt.tokens_generated === entry.generatedTokens;
  return (
    <ol aria-live="polite" className="grid gap-3 rounded-lg border border-line bg-ground p-3 text-xs">
      <Step title={t('earnings.check.text')}>
        <pre className="max-h-44 overflow-auto font-mono text-[11px] whitespace-pre-wrap break-all">
          {check.text}
        </pre>
      </Step>
      {shown > 1 && (
        <Step title={t('earnings.check.hash')}>
          <code className="font-mono text-[11px] break-all">{check.sha256}</code>
        </Step>
      )}
      {shown > 2 && (
        <Step title={t('earnings.check.key')}>
          <code className="font-mono text-[11px] break-all">{receipt.node_key}</code>
          <span className="text-dim">{t('earnings.check.signature')}</span>
          <code className="font-mono text-[11px] break-all">{signature}</code>
        </Step>
      )}
      {shown > 3 && (
        <li className="grid gap-1">
          <CheckMark
            isRight={check.isSigned}
            text={t(check.isSigned ? 'earnings.check.fits' : 'earnings.check.fitsNot')}
          />
          <CheckMark isRight={isSame} text={t(isSame ? 'earnings.check.same' : 'earnings.check.sameNot')} />
        </li>
      )}
    </ol>
  );
}

function Step({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <li className="grid gap-1">
      <span className="text-dim">{title}</span>
      {children}
    </li>
  );
}

/** Counts up to `count`, one after the other; all at once where motion is unwanted. */
function useSteps(count: number): number {
  const [shown, setShown] = useState(() =>
    matchMedia('(prefers-reduced-motion: reduce)').matches ? count : 1,
  );
  useEffect(() => {
    if (shown >= count) return;
    const timer = setTimeout(() => setShown(shown + 1), stepMs);
    return () => clearTimeout(timer);
  }, [shown, count]);
  return shown;
}

const long = 24;

/** Fields under the names they have in the signed text, so that they can be compared with it. */
function receiptFacts({ receipt, signature }: SignedReceipt): Fact[] {
  return Object.entries({ ...receipt, signature }).map(([label, value]) => {
    const text = String(value);
    return text.length > long ? { label, value: shortAddress(text), copy: text } : { label, value: text };
  });
}
