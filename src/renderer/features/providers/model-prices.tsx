import { ChevronRight } from 'lucide-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ModelLimits, ModelPrice, ProxyConfig, ShownProvider } from '#contract/provider.ts';
import { formatMicroUsd, formatTokens } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { limitsOf } from './model-limits.ts';
import { ModelLimitsForm } from './model-limits-form.tsx';
import { PriceForm } from './price-form.tsx';

/** Stands for the models of a provider that have no price of their own. */
const allOthers = '*';
const columns = 'grid grid-cols-[minmax(0,1fr)_4.5rem_4.5rem_4.5rem_3.5rem] items-center gap-x-2';

interface ModelPricesProps {
  provider: ShownProvider;
  prices: ProxyConfig['prices'];
}

/** The models of a provider, what each costs and how much it is asked, and forms to say otherwise. */
export function ModelPrices({ provider, prices }: ModelPricesProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const { id, models } = provider;
  // Prices and limits of models that the provider does not list are there to be seen and taken back.
  const named = Object.keys(prices).flatMap((name) =>
    name.startsWith(`${id}/`) ? name.slice(id.length + 1) : [],
  );
  const unlisted = new Set([...named, ...Object.keys(provider.modelLimits)]);
  for (const known of [allOthers, ...(models ?? []).map((model) => model.id)]) unlisted.delete(known);
  const rows = [
    ...(models ?? []),
    ...[...unlisted].map((model) => ({ id: model, price: prices[`${id}/${model}`] ?? null })),
    { id: allOthers, price: prices[`${id}/${allOthers}`] ?? null },
  ];
  return (
    <div className="mt-3 border-t border-line pt-2.5">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="-mx-1 flex cursor-pointer items-center gap-1 rounded px-1 text-xs font-medium text-dim hover:text-text focus-visible:outline-2 focus-visible:outline-accent"
      >
        <ChevronRight size={14} aria-hidden className={open ? 'rotate-90' : ''} />
        {models === null ? t('providers.modelsUnknown') : t('providers.models', { count: models.length })}
        <Unsold models={models ?? []} />
      </button>
      {open && (
        <>
          <p className={`${columns} mt-2 pe-3 text-xs text-dim`}>
            <span>{t('providers.perMillion')}</span>
            <span className="text-end">{t('providers.input')}</span>
            <span className="text-end">{t('providers.cached')}</span>
            <span className="text-end">{t('providers.output')}</span>
          </p>
          <ul className="max-h-[30rem] overflow-y-auto pe-3">
            {rows.map((model) => (
              <ModelRow key={model.id} provider={provider} model={model} prices={prices} />
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function Unsold({ models }: { models: NonNullable<ShownProvider['models']> }) {
  const { t } = useTranslation();
  const count = models.filter(({ price }) => price === null).length;
  return count > 0 && <span className="font-normal text-warn">{t('providers.unsold', { count })}</span>;
}

interface ModelRowProps {
  provider: ShownProvider;
  model: { id: string; price: ModelPrice | null };
  prices: ProxyConfig['prices'];
}

function ModelRow({ provider, model: { id, price }, prices }: ModelRowProps) {
  const { t } = useTranslation();
  const [isEditing, setEditing] = useState(false);
  const name = `${provider.id}/${id}`;
  const title = id === allOthers ? t('providers.allOthers') : id;
  const row = useRef<HTMLLIElement>(null);
  const close = () => {
    setEditing(false);
    row.current?.querySelector('button')?.focus();
  };
  const isOwn = Object.hasOwn(prices, name);
  const limits = limitsOf(provider, id);
  return (
    <li ref={row} className="border-t border-line py-1.5 text-xs">
      <div className={columns}>
        <span className="min-w-0 leading-tight break-words">
          {title}
          {isOwn && <span className="block text-dim">{t('providers.setByYou')}</span>}
        </span>
        {price ? (
          <Prices price={price} />
        ) : (
          <span className={`col-span-3 text-end ${id === allOthers ? 'text-dim' : 'text-warn'}`}>
            {t(id === allOthers ? 'providers.noOwnPrice' : 'providers.noPrice')}
          </span>
        )}
        <Button
          size="small"
          className="px-1.5"
          aria-expanded={isEditing}
          aria-label={t(id === allOthers ? 'providers.priceName' : 'providers.modelName', { model: title })}
          onClick={() => setEditing(!isEditing)}
        >
          {t(id === allOthers ? 'providers.price' : 'providers.edit')}
        </Button>
        <LimitWords limits={limits} />
      </div>
      {isEditing && (
        <div className="my-2 grid gap-3 rounded-lg border border-line bg-panel-2 p-3">
          <PriceForm name={name} price={price} prices={prices} canReset={isOwn} onDone={close} />
          {id !== allOthers && <ModelLimitsForm provider={provider} model={id} onDone={close} />}
        </div>
      )}
    </li>
  );
}

/** Nothing where a model has no limits of its own. */
function LimitWords({ limits }: { limits: ModelLimits }) {
  const { t } = useTranslation();
  const words = (['requestsPerMinute', 'tokensPerMinute', 'concurrent'] as const).flatMap((name) =>
    limits[name] === null ? [] : t(`providers.limitWords.${name}`, { limit: formatTokens(limits[name]) }),
  );
  return (
    words.length > 0 && <span className="col-span-full leading-tight text-dim">{words.join(' · ')}</span>
  );
}

function Prices({ price }: { price: ModelPrice }) {
  return [price.input, price.cachedInput ?? price.input, price.output].map((microUsd, column) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: three columns that stay
    <span key={column} className="text-end">
      {formatMicroUsd(microUsd)}
    </span>
  ));
}
