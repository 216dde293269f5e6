import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallOutput } from '#contract/calls.ts';
import type { ProxyStatus } from '#contract/provider.ts';
import type { Result } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { formatMicroUsd, formatTokens } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { type Fact, Facts } from '../../ui/facts.tsx';
import { Field } from '../../ui/field.tsx';

type Answer = CallOutput<'providers.try'>;

/** Sends a prompt as a client would, and shows who answered and what it cost. */
export function TryCard({ status }: { status: ProxyStatus }) {
  const { t } = useTranslation();
  const id = useId();
  const [model, setModel] = useState('');
  const [prompt, setPrompt] = useState('');
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Result<Answer> | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setResult(null);
    setResult(await client.request('providers.try', { model: model.trim(), prompt }));
    setBusy(false);
  };
  return (
    <div className="grid items-start gap-4 min-[1100px]:grid-cols-2">
      <Card title={t('providers.try.title')}>
        <p className="mb-3 text-sm text-dim">{t('providers.try.text')}</p>
        <form onSubmit={submit} className="grid gap-2">
          <Field
            label={t('providers.try.model')}
            hint={t('providers.try.modelHint')}
            list={`${id}-models`}
            maxLength={256}
            autoComplete="off"
            spellCheck={false}
            value={model}
            onChange={(event) => setModel(event.target.value)}
          />
          <datalist id={`${id}-models`}>
            {knownModels(status).map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <label htmlFor={`${id}-prompt`} className="text-sm font-medium">
            {t('providers.try.prompt')}
          </label>
          <textarea
            id={`${id}-prompt`}
            rows={5}
            maxLength={20_000}
            value={prompt}
            onChange={(event) => setPrompt(event.target.value)}
            className="w-full resize-y rounded-lg border border-line bg-ground px-3 py-1.5 text-sm focus-visible:outline-2 focus-visible:outline-accent"
          />
          <div className="mt-1 flex justify-end">
            <Button
              type="submit"
              look="accent"
              disabled={busy || model.trim() === '' || prompt.trim() === ''}
            >
              {t(busy ? 'providers.try.busy' : 'providers.try.send')}
            </Button>
          </div>
        </form>
      </Card>
      <Card title={t('providers.try.answer')}>
        <div aria-live="polite" aria-busy={busy} className="grid gap-4">
          {result === null && (
            <p className="text-sm text-dim">{t(busy ? 'providers.try.waiting' : 'providers.try.none')}</p>
          )}
          {result?.ok === false && <ErrorNote error={result.error} />}
          {result?.ok && (
            <>
              <p className="max-h-80 overflow-y-auto text-sm break-words whitespace-pre-wrap">
                {result.data.text}
              </p>
              <Facts facts={factsOf(result.data, t)} copyLabel={t('providers.copy')} />
            </>
          )}
        </div>
      </Card>
    </div>
  );
}

/** Names that a client can ask for: routes, and what has a price. */
function knownModels({ providers, config }: ProxyStatus): string[] {
  const routes = config.routes.flatMap(({ name }) => (name.endsWith('*') ? [] : name));
  const models = providers.flatMap((provider) =>
    (provider.enabled ? (provider.models ?? []) : [])
      .filter(({ price }) => price !== null)
      .map(({ id }) => `${provider.id}/${id}`),
  );
  return [...routes, ...models];
}

const factsOf = (answer: Answer, t: ReturnType<typeof useTranslation>['t']): Fact[] => [
  { label: t('providers.try.target'), value: answer.target },
  {
    label: t('providers.try.tokens'),
    value: t('providers.try.tokensValue', {
      prompt: formatTokens(answer.promptTokens),
      generated: formatTokens(answer.generatedTokens),
    }),
  },
  { label: t('providers.try.cost'), value: formatMicroUsd(answer.costMicroUsd) },
  { label: t('providers.try.took'), value: `${formatTokens(Math.round(answer.latencyMs))} ms` },
];
