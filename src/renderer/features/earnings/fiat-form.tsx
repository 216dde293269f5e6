import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import { client } from '../../lib/client.ts';
import { decimalText, parseDecimal } from '../../lib/decimal.ts';
import { type FiatRate, formatFiat } from '../../lib/fiat.ts';
import { formatMoment } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';

/** The currency that earnings are shown in beside SOL, and what a SOL is worth in it as of today. */
export function FiatForm({ rate }: { rate: FiatRate | null }) {
  const { t, i18n } = useTranslation();
  const fiat = useSignal('settings.current')?.fiat ?? null;
  return (
    <details className="rounded-[10px] border border-line bg-panel px-4 py-3 text-sm">
      <summary className="cursor-pointer rounded text-xs text-dim focus-visible:outline-2 focus-visible:outline-accent">
        {rate
          ? t(fiat ? 'earnings.fiat.own' : 'earnings.fiat.providers', {
              price: formatFiat(BigInt(rate.microPerSol), rate.currency, i18n.language),
              at: formatMoment(rate.at),
            })
          : t('earnings.fiat.none')}
      </summary>
      <Fields key={JSON.stringify(fiat)} fiat={fiat} />
    </details>
  );
}

function Fields({ fiat }: { fiat: Settings['fiat'] }) {
  const { t } = useTranslation();
  const [currency, setCurrency] = useState(fiat?.currency ?? 'EUR');
  const [price, setPrice] = useState(fiat ? decimalText(fiat.microPerSol, 6) : '');
  const [problem, setProblem] = useState<string | null>(null);

  const store = async (next: Settings['fiat']) => {
    const result = await client.request('settings.update', { fiat: next });
    setProblem(result.ok ? null : result.error.message);
  };
  const save = async () => {
    const microPerSol = parseDecimal(price, 6);
    const code = currency.trim().toUpperCase();
    if (microPerSol === null || microPerSol === 0) return setProblem(t('earnings.fiat.notAPrice'));
    if (!/^[A-Z]{3}$/.test(code)) return setProblem(t('earnings.fiat.notACurrency'));
    await store({ currency: code, microPerSol, at: Date.now() });
  };
  return (
    <form
      className="mt-3 flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div className="w-28">
        <Field
          label={t('earnings.fiat.currency')}
          isCompact
          maxLength={3}
          value={currency}
          onChange={(event) => setCurrency(event.target.value)}
        />
      </div>
      <div className="w-40">
        <Field
          label={t('earnings.fiat.price')}
          isCompact
          inputMode="decimal"
          value={price}
          onChange={(event) => setPrice(event.target.value)}
        />
      </div>
      <Button type="submit" size="small" className="mb-0.5">
        {t('earnings.fiat.save')}
      </Button>
      {fiat && (
        <Button size="small" className="mb-0.5" onClick={() => store(null)}>
          {t('earnings.fiat.clear')}
        </Button>
      )}
      <p aria-live="polite" className="min-h-4 w-full text-xs text-bad">
        {problem}
      </p>
    </form>
  );
}
