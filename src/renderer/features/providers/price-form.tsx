import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ModelPrice, ProxyConfig } from '#contract/provider.ts';
import { modelPriceSchema } from '#contract/provider.ts';
import type { ErrorBody } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { dollarText, parseDollars } from '../../lib/decimal.ts';
import { focusFirstProblem } from '../../lib/focus-first-problem.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field } from '../../ui/field.tsx';

const fields = ['input', 'cachedInput', 'output'] as const;

interface PriceFormProps {
  /** `provider/model`. */
  name: string;
  price: ModelPrice | null;
  prices: ProxyConfig['prices'];
  /** There is a price of the operator's own, which can be taken back. */
  canReset: boolean;
  onDone(): void;
}

/** Sets what a million tokens of a model cost, in dollars. */
export function PriceForm({ name, price, prices, canReset, onDone }: PriceFormProps) {
  const { t } = useTranslation();
  const [texts, setTexts] = useState({
    input: price ? dollarText(price.input) : '',
    cachedInput: price?.cachedInput === undefined ? '' : dollarText(price.cachedInput),
    output: price ? dollarText(price.output) : '',
  });
  const [isTried, setTried] = useState(false);
  const [error, setError] = useState<ErrorBody | null>(null);
  const next = priceOf(texts, price);
  const problems = new Set(next.success ? [] : next.error.issues.map(({ path }) => path[0]));

  const store = async (changed: ProxyConfig['prices']) => {
    const result = await client.request('providers.configure', { prices: changed });
    if (result.ok) onDone();
    else setError(result.error);
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (next.success) void store({ ...prices, [name]: next.data });
    else focusFirstProblem(event.currentTarget);
  };
  const reset = () => {
    const { [name]: _, ...others } = prices;
    void store(others);
  };
  return (
    <form onSubmit={submit} noValidate>
      <div className="grid grid-cols-3 gap-3">
        {fields.map((field) => (
          <Field
            key={field}
            label={t(`providers.${field === 'cachedInput' ? 'cached' : field}`)}
            inputMode="decimal"
            autoFocus={field === 'input'}
            autoComplete="off"
            value={texts[field]}
            problem={isTried && problems.has(field) ? t('providers.problem.price') : null}
            hint={field === 'cachedInput' ? t('providers.cachedHint') : t('providers.perMillionHint')}
            onChange={(event) => setTexts({ ...texts, [field]: event.target.value })}
          />
        ))}
      </div>
      {error && <ErrorNote error={error} />}
      <div className="mt-2 flex flex-wrap justify-end gap-2">
        {canReset && (
          <Button size="small" className="me-auto" onClick={reset}>
            {t('providers.priceReset')}
          </Button>
        )}
        <Button size="small" onClick={onDone}>
          {t('providers.cancel')}
        </Button>
        <Button size="small" look="accent" type="submit">
          {t('providers.priceSave')}
        </Button>
      </div>
    </form>
  );
}

/** What the form has no field for, such as prices of batches, stays as it was. */
function priceOf(texts: Record<(typeof fields)[number], string>, price: ModelPrice | null) {
  const { cachedInput: _, ...rest } = price ?? {};
  return modelPriceSchema.safeParse({
    ...rest,
    input: parseDollars(texts.input),
    output: parseDollars(texts.output),
    ...(texts.cachedInput.trim() === '' ? {} : { cachedInput: parseDollars(texts.cachedInput) }),
  });
}
