import { useTranslation } from 'react-i18next';
import type { ProxyStatus } from '#contract/provider.ts';
import { decimalText } from '../../lib/decimal.ts';
import { formatDuration, formatMicroUsd } from '../../lib/format.ts';
import { useNow } from '../../lib/use-now.ts';
import { Card } from '../../ui/card.tsx';
import { Chip } from '../../ui/chip.tsx';
import { LevelMeter } from '../../ui/level-meter.tsx';

/** What was spent, what is earned upon it, and the price of a SOL that turns one into the other. */
export function OverviewStrip({ status }: { status: ProxyStatus }) {
  const { t } = useTranslation();
  const { config, spent } = status;
  return (
    <div className="grid grid-cols-2 gap-3 min-[1100px]:grid-cols-4">
      <SolPrice status={status} />
      <Spent
        title={t('providers.spentToday')}
        spentMicroUsd={spent.dayMicroUsd}
        budgetMicroUsd={config.dayBudgetMicroUsd}
      />
      <Spent
        title={t('providers.spentMonth')}
        spentMicroUsd={spent.monthMicroUsd}
        budgetMicroUsd={config.monthBudgetMicroUsd}
      />
      <Figure
        title={t('providers.commission')}
        value={`${decimalText(config.commissionBasisPoints, 2)} %`}
        note={t('providers.commissionNote')}
      />
    </div>
  );
}

function Figure({ title, value, note }: { title: string; value: string; note?: React.ReactNode }) {
  return (
    <Card title={title}>
      <strong className="block text-[21px] leading-7 font-semibold">{value}</strong>
      <div className="mt-1.5 text-xs text-dim">{note}</div>
    </Card>
  );
}

function SolPrice({ status: { solPrice, config } }: { status: ProxyStatus }) {
  const { t } = useTranslation();
  const now = useNow(30_000);
  if (!solPrice)
    return <Figure title={t('providers.solPrice')} value="–" note={t('providers.solPriceUnknown')} />;
  const ageMs = now - solPrice.at;
  const age =
    config.solPrice?.kind === 'fixed'
      ? t('providers.setByYou')
      : ageMs < 60_000
        ? t('providers.ageShort')
        : t('providers.age', { time: formatDuration(ageMs) });
  return (
    <Figure
      title={t('providers.solPrice')}
      value={`≈ ${formatMicroUsd(solPrice.microUsd)}`}
      note={
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span title={new Date(solPrice.at).toLocaleString('en-GB')}>{age}</span>
          {solPrice.isStale && <Chip look="warn">{t('providers.stale')}</Chip>}
        </span>
      }
    />
  );
}

interface SpentProps {
  title: string;
  spentMicroUsd: number;
  budgetMicroUsd: number | null;
}

function Spent({ title, spentMicroUsd, budgetMicroUsd }: SpentProps) {
  const { t } = useTranslation();
  const share = budgetMicroUsd === null ? null : budgetMicroUsd === 0 ? 1 : spentMicroUsd / budgetMicroUsd;
  return (
    <Figure
      title={title}
      value={formatMicroUsd(spentMicroUsd, 3)}
      note={
        budgetMicroUsd === null || share === null ? (
          t('providers.noBudget')
        ) : (
          <LevelMeter
            label={t('providers.budgetOf', { budget: formatMicroUsd(budgetMicroUsd, 3) })}
            text={share >= 1 ? t('providers.allSpent') : `${Math.floor(share * 100)} %`}
            share={share}
          />
        )
      }
    />
  );
}
