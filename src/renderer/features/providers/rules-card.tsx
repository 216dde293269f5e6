import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type ProxyStatus, strategies } from '#contract/provider.ts';
import type { ErrorBody } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { focusFirstProblem } from '../../lib/focus-first-problem.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { type RulesDraft, type RulesField, rulesDraftOf, rulesOf } from './rules-draft.ts';

const solPriceKinds = ['none', 'fixed', 'url'] as const;

/** What holds for all providers: who is asked first, what is earned, how much may be spent, what a SOL costs. */
export function RulesCard({ config }: { config: ProxyStatus['config'] }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<RulesDraft | null>(null);
  const [isTried, setTried] = useState(false);
  const [isSaved, setSaved] = useState(false);
  const [error, setError] = useState<ErrorBody | null>(null);
  const shown = draft ?? rulesDraftOf(config);
  const next = rulesOf(shown);

  const change = (part: Partial<RulesDraft>) => {
    setDraft({ ...shown, ...part });
    setSaved(false);
  };
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!('rules' in next)) return focusFirstProblem(event.currentTarget);
    const result = await client.request('providers.configure', next.rules);
    setError(result.ok ? null : result.error);
    setSaved(result.ok);
    if (!result.ok) return;
    setDraft(null);
    setTried(false);
  };
  const field = (name: Exclude<RulesField, 'strategy' | 'solPriceKind'>) => ({
    label: t(`providers.rules.${name}`),
    value: shown[name],
    autoComplete: 'off',
    spellCheck: false,
    problem: isTried && 'problems' in next && next.problems.has(name) ? t(`providers.problem.${name}`) : null,
    onChange: (event: { target: { value: string } }) => change({ [name]: event.target.value }),
  });
  return (
    <Card title={t('providers.rules.title')}>
      <form onSubmit={submit} noValidate className="grid gap-x-5 gap-y-2 sm:grid-cols-2">
        <SelectField
          label={t('providers.rules.strategy')}
          hint={t(`providers.strategyHint.${shown.strategy}`)}
          value={shown.strategy}
          options={strategies.map((value) => ({ value, title: t(`providers.strategy.${value}`) }))}
          onChoose={(strategy) => change({ strategy })}
        />
        <Field {...field('commission')} inputMode="decimal" unit="%" hint={t('providers.hint.commission')} />
        <Field {...field('dayBudget')} inputMode="decimal" unit="$" hint={t('providers.hint.budgetAll')} />
        <Field {...field('monthBudget')} inputMode="decimal" unit="$" hint={t('providers.hint.budgetAll')} />
        <Field {...field('clientTokensPerMinute')} inputMode="numeric" hint={t('providers.hint.limit')} />
        <Field {...field('clientConcurrent')} inputMode="numeric" hint={t('providers.hint.limit')} />
        <SelectField
          label={t('providers.rules.solPriceKind')}
          hint={t(`providers.solPriceHint.${shown.solPriceKind}`)}
          value={shown.solPriceKind}
          options={solPriceKinds.map((value) => ({ value, title: t(`providers.solPriceKind.${value}`) }))}
          onChoose={(solPriceKind) => change({ solPriceKind })}
        />
        {shown.solPriceKind === 'fixed' && (
          <Field {...field('solPrice')} inputMode="decimal" unit="$" hint={t('providers.hint.dollars')} />
        )}
        {shown.solPriceKind === 'url' && (
          <div className="grid gap-2">
            <Field
              {...field('solPriceUrl')}
              type="url"
              placeholder="https://"
              hint={t('providers.hint.solPriceUrl')}
            />
            <Field {...field('solPricePath')} hint={t('providers.hint.solPricePath')} />
          </div>
        )}
        {error && (
          <div className="sm:col-span-2">
            <ErrorNote error={error} />
          </div>
        )}
        <div className="flex items-center justify-end gap-3 sm:col-span-2">
          <p aria-live="polite" className="text-xs text-dim">
            {isSaved ? t('providers.saved') : ''}
          </p>
          <Button type="submit" look="accent" disabled={draft === null}>
            {t('providers.save')}
          </Button>
        </div>
      </form>
    </Card>
  );
}
