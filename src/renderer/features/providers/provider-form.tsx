import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Provider, providerKinds, type ShownProvider } from '#contract/provider.ts';
import type { ErrorBody, Result } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { focusFirstProblem } from '../../lib/focus-first-problem.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { KeyField } from './key-field.tsx';
import { type DraftField, draftOf, emptyDraft, freeId, providerOf } from './provider-draft.ts';
import { SavedNote } from './saved-note.tsx';

interface ProviderFormProps {
  /** The provider to change; null: a new one. */
  provider: ShownProvider | null;
  /** Ids that are in use. */
  taken: readonly string[];
  onClose(): void;
  /** Opens the form of what was just stored. */
  onEdit(id: string): void;
}

const limits = ['requestsPerMinute', 'tokensPerMinute', 'concurrent'] as const;
const budgets = ['dayBudget', 'monthBudget'] as const;

/** Adds a provider or changes one, and asks it for its models at once, so that one sees whether it works. */
export function ProviderForm({ provider, taken, onClose, onEdit }: ProviderFormProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(() => (provider ? draftOf(provider) : emptyDraft('openai', taken)));
  const [key, setKey] = useState<string | null>('');
  const [isTried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [saved, setSaved] = useState<{ id: string; test: Result<string[]> | null } | null>(null);

  const next = providerOf(draft, provider ?? { enabled: true, modelLimits: {} });
  const isTaken = provider === null && taken.includes(draft.id.trim());
  const problemOf = (field: DraftField) => {
    if (field === 'id' && isTaken) return t('providers.problem.taken');
    return isTried && 'problems' in next && next.problems.has(field) ? t(`providers.problem.${field}`) : null;
  };
  const save = async (stored: Provider) => {
    const { id, enabled } = stored;
    setBusy(true);
    const result = await client.request('providers.set', {
      provider: stored,
      ...(key === '' ? {} : { key: key === null ? null : key.trim() }),
    });
    setError(result.ok ? null : result.error);
    if (result.ok) setSaved({ id, test: enabled ? await client.request('providers.test', { id }) : null });
    setBusy(false);
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (isTaken || !('provider' in next)) focusFirstProblem(event.currentTarget);
    else void save(next.provider);
  };
  const field = (name: Exclude<DraftField, 'kind'>) => ({
    label: t(`providers.field.${name}`),
    value: draft[name],
    problem: problemOf(name),
    autoComplete: 'off',
    spellCheck: false,
    onChange: (event: { target: { value: string } }) => setDraft({ ...draft, [name]: event.target.value }),
  });
  const back = (id: string) => {
    setSaved(null);
    setKey('');
    onEdit(id);
  };
  if (saved) return <SavedNote test={saved.test} onClose={onClose} onEdit={() => back(saved.id)} />;
  return (
    <form onSubmit={submit} noValidate className="grid gap-2.5">
      <SelectField
        label={t('providers.field.kind')}
        value={draft.kind}
        disabled={provider !== null}
        hint={t(`providers.kindHint.${draft.kind}`)}
        options={providerKinds.map((kind) => ({ value: kind, title: t(`providers.kind.${kind}`) }))}
        onChoose={(kind) => {
          const isUntouched = draft.id === freeId(draft.kind, taken);
          setDraft({ ...draft, kind, id: isUntouched ? freeId(kind, taken) : draft.id });
        }}
      />
      {provider === null && <Field {...field('id')} hint={t('providers.hint.id')} />}
      <KeyField kind={draft.kind} provider={provider} value={key} onChange={setKey} />
      <Field
        {...field('baseUrl')}
        type="url"
        inputMode="url"
        placeholder={draft.kind === 'ollama' ? 'http://127.0.0.1:11434' : 'https://'}
        hint={t(
          draft.kind === 'openai-compatible' ? 'providers.hint.baseUrlNeeded' : 'providers.hint.baseUrl',
        )}
      />
      <fieldset className="border-t border-line pt-3">
        <legend className="float-left mb-2 w-full text-sm font-semibold">{t('providers.limits')}</legend>
        <div className="clear-both grid grid-cols-2 gap-x-4 gap-y-2">
          {limits.map((name) => (
            <Field key={name} {...field(name)} inputMode="numeric" hint={t('providers.hint.limit')} />
          ))}
        </div>
      </fieldset>
      <fieldset className="border-t border-line pt-3">
        <legend className="float-left mb-2 w-full text-sm font-semibold">{t('providers.budgets')}</legend>
        <div className="clear-both grid grid-cols-2 gap-x-4 gap-y-2">
          {budgets.map((name) => (
            <Field
              key={name}
              {...field(name)}
              inputMode="decimal"
              unit="$"
              hint={t('providers.hint.budget')}
            />
          ))}
        </div>
      </fieldset>
      {error && <ErrorNote error={error} />}
      <div className="flex items-center justify-end gap-2">
        <p aria-live="polite" className="me-auto text-xs text-dim">
          {busy && t('providers.asking')}
        </p>
        <Button onClick={onClose}>{t('providers.cancel')}</Button>
        <Button type="submit" look="accent" disabled={busy}>
          {t(provider ? 'providers.save' : 'providers.add')}
        </Button>
      </div>
    </form>
  );
}
