import { useTranslation } from 'react-i18next';
import type { Entry } from '#contract/earnings.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { formatMicroUsd } from '../../lib/format.ts';
import { Chip } from '../../ui/chip.tsx';
import { Facts } from '../../ui/facts.tsx';

/** Who answered a proxied job, what that cost the node, and what it earns upon it. */
export function ProxiedFacts({ proxied, unit }: { proxied: NonNullable<Entry['proxied']>; unit: ShownUnit }) {
  const { t } = useTranslation();
  return (
    <section className="grid gap-3 border-t border-line pt-4">
      <h3 className="flex flex-wrap items-center gap-2 text-sm font-semibold">
        {t('earnings.proxied.title')}
        {proxied.isEstimate && <Chip look="warn">{t('earnings.proxied.estimate')}</Chip>}
      </h3>
      <Facts
        copyLabel={t('earnings.copy')}
        facts={[
          { label: t('earnings.proxied.target'), value: proxied.target },
          { label: t('earnings.proxied.cost'), value: formatMicroUsd(proxied.costMicroUsd) },
          {
            label: t('earnings.proxied.costIn', { unit: unit.name }),
            value: formatAmount(proxied.costLamports, unit),
          },
          {
            label: t('earnings.proxied.commission', { unit: unit.name }),
            value: formatAmount(proxied.commissionLamports, unit),
          },
        ]}
      />
      {proxied.isEstimate && <p className="text-xs text-dim">{t('earnings.proxied.estimateNote')}</p>}
    </section>
  );
}
