import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ShownProvider } from '#contract/provider.ts';
import type { ErrorBody } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { focusFirstProblem } from '../../lib/focus-first-problem.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field } from '../../ui/field.tsx';
import { limitsDraftOf, limitsOf, limitsOfDraft, withLimits } from './model-limits.ts';
import { storedProvider } from './provider-draft.ts';

const fields = ['requestsPerMinute', 'tokensPerMinute', 'concurrent'] as const;

interface ModelLimitsFormProps {
  provider: ShownProvider;
  model: string;
  onDone(): void;
}

/** Sets how much one model is asked, within what its provider as a whole is. */
export function ModelLimitsForm({ provider, model, onDone }: ModelLimitsFormProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(() => limitsDraftOf(limitsOf(provider, model)));
  const [isTried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorBody | null>(null);
  const next = limitsOfDraft(draft);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!('limits' in next)) return focusFirstProblem(event.currentTarget);
    setBusy(true);
    const modelLimits = withLimits(provider, model, next.limits);
    const result = await client.request('providers.set', {
      provider: { ...storedProvider(provider), modelLimits },
    });
    setBusy(false);
    if (result.ok) onDone();
    else setError(result.error);
  };
  return (
    <form onSubmit={submit} noValidate className="border-t border-line pt-2.5">
      <div className="grid grid-cols-3 gap-3">
        {fields.map((field) => (
          <Field
            key={field}
            label={t(`providers.limitField.${field}`)}
            inputMode="numeric"
            autoComplete="off"
            value={draft[field]}
            problem={
              isTried && 'problems' in next && next.problems.has(field)
                ? t(`providers.problem.${field}`)
                : null
            }
            hint={t('providers.hint.limit')}
            onChange={(event) => setDraft({ ...draft, [field]: event.target.value })}
          />
        ))}
      </div>
      {error && <ErrorNote error={error} />}
      <div className="mt-2 flex justify-end gap-2">
        <Button size="small" onClick={onDone}>
          {t('providers.cancel')}
        </Button>
        <Button size="small" look="accent" type="submit" disabled={busy}>
          {t('providers.limitsSave')}
        </Button>
      </div>
    </form>
  );
}
