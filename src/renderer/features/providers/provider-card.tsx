import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ProxyStatus, ShownProvider } from '#contract/provider.ts';
import type { Result } from '#contract/result.ts';
import { act } from '../../lib/act.ts';
import { client } from '../../lib/client.ts';
import { formatDuration } from '../../lib/format.ts';
import { openRoute } from '../../lib/routes.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { BudgetMeter } from './budget-meter.tsx';
import { HealthChip } from './health-chip.tsx';
import { ModelPrices } from './model-prices.tsx';
import { storedProvider } from './provider-draft.ts';

/** A provider: how it is, what it has cost, and what can be done with it. */
export function ProviderCard({
  provider,
  config,
}: {
  provider: ShownProvider;
  config: ProxyStatus['config'];
}) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [isTesting, setTesting] = useState(false);
  const [tested, setTested] = useState<Result<string[]> | null>(null);
  const { id, enabled, spent } = provider;

  const test = async () => {
    setTesting(true);
    setTested(null);
    setTested(await client.request('providers.test', { id }));
    setTesting(false);
  };
  const turn = async (isOn: boolean) => {
    setBusy(true);
    setTested(null);
    await act('providers.set', { provider: { ...storedProvider(provider), enabled: isOn } });
    setBusy(false);
  };
  // What a test met is the last error too, unless the test did not come so far.
  const error = provider.lastError ?? (tested?.ok === false ? tested.error : null);
  return (
    <Card>
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <h2 className="min-w-0 truncate text-[15px] font-semibold">{id}</h2>
        <p className="text-xs text-dim">{t(`providers.kind.${provider.kind}`)}</p>
        <HealthChip provider={provider} />
        <label className="ms-auto flex items-center gap-2 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-accent focus-visible:outline-2 focus-visible:outline-accent"
            aria-label={t('providers.useIt', { id })}
            disabled={busy}
            checked={enabled}
            onChange={(event) => turn(event.target.checked)}
          />
          {t('providers.on')}
        </label>
      </header>
      <dl className="mt-3 grid grid-cols-[minmax(0,1.7fr)_minmax(0,1fr)_minmax(0,0.7fr)] gap-x-4 text-sm">
        {factsOf(provider, t).map(({ label, value, note }) => (
          <div key={label} className="min-w-0">
            <dt className="text-xs text-dim">{label}</dt>
            <dd>
              {value} {note && <span className="text-xs text-dim">{note}</span>}
            </dd>
          </div>
        ))}
      </dl>
      <div className="mt-3 grid gap-x-4 gap-y-3 sm:grid-cols-2">
        <BudgetMeter
          label={t('providers.today')}
          spentMicroUsd={spent.dayMicroUsd}
          budgetMicroUsd={provider.dayBudgetMicroUsd}
        />
        <BudgetMeter
          label={t('providers.month')}
          spentMicroUsd={spent.monthMicroUsd}
          budgetMicroUsd={provider.monthBudgetMicroUsd}
        />
      </div>
      {error && (
        <div className="mt-3">
          <ErrorNote error={error} />
        </div>
      )}
      <div className="mt-4 flex flex-wrap items-center gap-2">
        <Button
          size="small"
          disabled={busy || isTesting || !enabled}
          aria-label={t('providers.testName', { id })}
          onClick={test}
        >
          {t('providers.test')}
        </Button>
        <Button
          size="small"
          aria-label={t('providers.editName', { id })}
          onClick={() => openRoute('providers', id)}
        >
          {t('providers.edit')}
        </Button>
        <Confirm
          trigger={
            <Button size="small" disabled={busy} aria-label={t('providers.removeName', { id })}>
              {t('providers.remove')}
            </Button>
          }
          title={t('providers.removeTitle', { id })}
          text={t('providers.removeText')}
          confirm={t('providers.removeConfirm')}
          keep={t('providers.keep')}
          onConfirm={() => act('providers.remove', { id })}
        />
        <p aria-live="polite" className="text-xs text-dim">
          {isTesting && t('providers.asking')}
          {tested?.ok && t('providers.found', { count: tested.data.length })}
        </p>
      </div>
      <ModelPrices provider={provider} prices={config.prices} />
    </Card>
  );
}

function factsOf(provider: ShownProvider, t: ReturnType<typeof useTranslation>['t']) {
  const { keyEnd, keyPlace, latencyMs, running } = provider;
  return [
    {
      label: t('providers.key'),
      value: keyEnd === null ? t(`providers.noKey.${provider.kind === 'ollama'}`) : `…${keyEnd}`,
      note: keyPlace === 'none' ? '' : t(`providers.keyPlace.${keyPlace}`),
    },
    { label: t('providers.latency'), value: latencyMs === null ? '–' : formatDuration(latencyMs) },
    { label: t('providers.running'), value: String(running) },
  ];
}
