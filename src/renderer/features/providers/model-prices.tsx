import { ChevronRight } from 'lucide-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ModelPrice, ProxyConfig, ShownProvider } from '#contract/provider.ts';
import { formatMicroUsd } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { PriceForm } from './price-form.tsx';

/** Stands for the models of a provider that have no price of their own. */
const allOthers = '*';
const columns = 'grid grid-cols-[minmax(0,1fr)_4.5rem_4.5rem_4.5rem_3.5rem] items-center gap-x-2';

interface ModelPricesProps {
  provider: ShownProvider;
  prices: ProxyConfig['prices'];
}

/** The models of a provider, what each costs, and a form to say otherwise. */
export function ModelPrices({ provider, prices }: ModelPricesProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const { id, models } = provider;
  // Prices of models that the provider does not list are there to be seen and taken back.
  const unlisted = Object.entries(prices).flatMap(([name, price]) => {
    const model = name.slice(id.length + 1);
    const isHere = name.startsWith(`${id}/`) && model !== allOthers;
    return isHere && !models?.some((one) => one.id === model) ? { id: model, price } : [];
  });
  const rows = [
    ...(models ?? []),
    ...unlisted,
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
          <ul className="max-h-96 overflow-y-auto pe-3">
            {rows.map((model) => (
              <ModelRow key={model.id} provider={id} model={model} prices={prices} />
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
  provider: string;
  model: { id: string; price: ModelPrice | null };
  prices: ProxyConfig['prices'];
}

function ModelRow({ provider, model: { id, price }, prices }: ModelRowProps) {
  const { t } = useTranslation();
  const [isEditing, setEditing] = useState(false);
  const name = `${provider}/${id}`;
  const title = id === allOthers ? t('providers.allOthers') : id;
  const row = useRef<HTMLLIElement>(null);
  const close = () => {
    setEditing(false);
    row.current?.querySelector('button')?.focus();
  };
  const isOwn = Object.hasOwn(prices, name);
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
          aria-label={t('providers.priceName', { model: title })}
          onClick={() => setEditing(!isEditing)}
        >
          {t('providers.price')}
        </Button>
      </div>
      {isEditing && <PriceForm name={name} price={price} prices={prices} canReset={isOwn} onDone={close} />}
    </li>
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
