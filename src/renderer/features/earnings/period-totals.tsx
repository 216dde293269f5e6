import { useTranslation } from 'react-i18next';
import type { EarningsSummary, Totals } from '#contract/earnings.ts';
import type { EnergyDay } from '#contract/resources.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { type FiatRate, fiatOf, fiatOfDollars, formatFiat } from '../../lib/fiat.ts';
import { formatTime, formatTokens } from '../../lib/format.ts';
import { energyCost } from './electricity.ts';
import { FiatText } from './fiat-text.tsx';

const periods = [
  { name: 'today', days: 1 },
  { name: 'last7Days', days: 7 },
  { name: 'last30Days', days: 30 },
  { name: 'all', days: 'all' },
] as const;

interface PeriodTotalsProps {
  summary: EarningsSummary | null;
  unit: ShownUnit;
  testCredits: boolean;
  rate: FiatRate | null;
  dollars: FiatRate | null;
  energy: readonly EnergyDay[] | null;
}

/** Net earnings by period, and what the next day may bring. Test credits are amber, never the green of money. */
export function PeriodTotals({ summary, unit, testCredits, rate, dollars, energy }: PeriodTotalsProps) {
  const { t } = useTranslation();
  const color = testCredits ? 'text-warn' : 'text-earn';
  return (
    <div className="grid grid-cols-2 gap-4 min-[1000px]:grid-cols-3 min-[1300px]:grid-cols-5">
      {periods.map(({ name, days }) => (
        <Figure
          key={name}
          title={t(`earnings.periods.${name}`)}
          value={summary && formatAmount(summary[name].netLamports, unit)}
          unit={unit}
          color={color}
        >
          {summary && (
            <>
              <FiatText lamports={BigInt(summary[name].netLamports)} rate={rate} />
              <Work totals={summary[name]} unit={unit} />
              {rate && (
                <Electricity
                  netLamports={BigInt(summary[name].netLamports)}
                  costMicroUsd={energyCost(energy, days, Date.now())}
                  rate={rate}
                  dollars={dollars}
                />
              )}
            </>
          )}
        </Figure>
      ))}
      <Figure
        title={t('earnings.forecast.title')}
        value={summary?.forecastLamports ? formatAmount(summary.forecastLamports, unit) : null}
        unit={unit}
        color="text-text"
        className="max-[1299px]:col-span-2"
      >
        {summary?.forecastLamports && <FiatText lamports={BigInt(summary.forecastLamports)} rate={rate} />}
        <span>
          {summary?.forecastAt
            ? t('earnings.forecast.at', { time: formatTime(summary.forecastAt) })
            : t('earnings.forecast.note')}
        </span>
      </Figure>
    </div>
  );
}

interface FigureProps {
  title: string;
  value: string | null;
  unit: ShownUnit;
  color: string;
  className?: string;
  children: React.ReactNode;
}

function Figure({ title, value, unit, color, className = '', children }: FigureProps) {
  return (
    <section className={`rounded-[10px] border border-line bg-panel px-4 py-3.5 ${className}`}>
      <h2 className="text-xs font-medium text-dim">{title}</h2>
      <p className={`mt-1 text-lg font-semibold ${color}`}>
        {value ?? '–'}{' '}
        <span className="inline-block text-xs font-normal whitespace-nowrap text-dim">{unit.name}</span>
      </p>
      <div className="mt-0.5 grid gap-0.5 text-xs text-dim">{children}</div>
    </section>
  );
}

function Work({ totals, unit }: { totals: Totals; unit: ShownUnit }) {
  const { t } = useTranslation();
  return (
    <span>
      {t('earnings.jobs', { count: totals.jobs })} ·{' '}
      {t('earnings.tokens', { tokens: formatTokens(totals.tokens) })}
      <br />
      {t('earnings.fees', { fees: formatAmount(totals.feeLamports, unit) })}
    </span>
  );
}

interface ElectricityProps {
  netLamports: bigint;
  costMicroUsd: bigint | null;
  rate: FiatRate;
  dollars: FiatRate | null;
}

/** What is left when electricity is paid; nothing where either is not known. */
function Electricity({ netLamports, costMicroUsd, rate, dollars }: ElectricityProps) {
  const { t, i18n } = useTranslation();
  const cost = costMicroUsd === null ? null : fiatOfDollars(costMicroUsd, rate, dollars);
  if (cost === null) return null;
  const money = (micro: bigint) => formatFiat(micro, rate.currency, i18n.language);
  return (
    <span>
      {t('earnings.electricity', { cost: money(cost), left: money(fiatOf(netLamports, rate) - cost) })}
    </span>
  );
}
