import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import { formatMicroUsd } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Card } from '../../ui/card.tsx';
import type { Warn } from './contradictions.ts';
import { priceOf, priceText } from './dollar-price.ts';
import { NumberRow, SwitchRow } from './manner-rows.tsx';
import { SavedField } from './saved-field.tsx';
import { boundsOf } from './setting-bounds.ts';

/** What electricity costs, and whether the node rests while it costs more than is earned. */
export function PowerCard({ settings, warn }: { settings: Settings; warn: Warn }) {
  const { t } = useTranslation();
  const power = useSignal('resources.power');
  const bounds = boundsOf('powerMicroUsdPerKwh');
  const facts = [
    {
      label: t('manners.power.takes'),
      value:
        power?.watts == null || power.source === null
          ? '–'
          : t(`manners.power.${power.source}`, { watts: Math.round(power.watts) }),
    },
    { label: t('manners.power.costs'), value: hourly(power?.costMicroUsdPerHour) },
    { label: t('manners.power.leaves'), value: hourly(power?.netMicroUsdPerHour) },
  ];
  return (
    <Card title={t('manners.power.title')}>
      <div className="grid gap-x-4 gap-y-2 sm:grid-cols-2">
        <SavedField
          label={t('settings.powerMicroUsdPerKwh.title')}
          hint={t('settings.powerMicroUsdPerKwh.text')}
          unit={t('manners.power.unit')}
          stored={priceText(settings.powerMicroUsdPerKwh)}
          placeholder={t('manners.unknown')}
          patchOf={(text) => {
            const powerMicroUsdPerKwh = priceOf(text, bounds);
            return powerMicroUsdPerKwh === undefined ? null : { powerMicroUsdPerKwh };
          }}
          problem={t('manners.problem.price', { min: priceText(bounds.min), max: priceText(bounds.max) })}
        />
        <NumberRow name="assumedWatts" settings={settings} unit="W" warning={warn('assumedWatts')} />
      </div>
      <div className="mt-3">
        <SwitchRow
          name="pauseBelowPowerCost"
          settings={settings}
          warning={settings.powerMicroUsdPerKwh === null ? t('manners.warning.cost-without-price') : null}
          disabled={settings.powerMicroUsdPerKwh === null && !settings.pauseBelowPowerCost}
        />
      </div>
      <dl className="mt-4 grid grid-cols-3 gap-3 border-t border-line pt-3 text-sm">
        {facts.map(({ label, value }) => (
          <div key={label}>
            <dt className="text-xs text-dim">{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

const hourly = (microUsd: number | null | undefined) =>
  microUsd == null ? '–' : `≈ ${formatMicroUsd(microUsd, 2)}/h`;
