import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { microUsdPerBillion } from '#contract/assets.ts';
import type { EarningsSummary } from '#contract/earnings.ts';
import type { EnergyDay } from '#contract/resources.ts';
import type { Result } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { formatMicroUsd } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { ErrorNote } from '../../ui/error-note.tsx';
import { energyOf } from './energy-sums.ts';

const renewMs = 60_000;
const periods = [
  { days: 1, totals: 'today' },
  { days: 7, totals: 'last7Days' },
  { days: 30, totals: 'last30Days' },
] as const;

/** What electricity took of the earnings: today, 7 and 30 days. */
export function ElectricityCard({ summary }: { summary: EarningsSummary | undefined }) {
  const { t } = useTranslation();
  const settings = useSignal('settings.current');
  const testCredits = useSignal('node.status')?.testCredits ?? true;
  const solPrice = useSignal('proxy.status')?.solPrice ?? null;
  const answer = useEnergy();
  if (!settings || answer === null) return null;
  const hasPrice = settings.powerMicroUsdPerKwh !== null;
  // Test credits are worth nothing, so they leave no net.
  const netPrice =
    hasPrice && !testCredits ? microUsdPerBillion(summary?.asset ?? 'SOL', solPrice?.microUsd ?? null) : null;
  const days = answer.ok ? answer.data : [];
  const month = energyOf(days, 30, Date.now());
  const money = (microUsd: number | null) => (microUsd === null ? '–' : `≈ ${formatMicroUsd(microUsd, 3)}`);
  return (
    <section className="rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <h2 className="mb-2.5 text-xs font-medium text-dim">{t('manners.electricity.title')}</h2>
      {!answer.ok && <ErrorNote error={answer.error} />}
      {answer.ok && days.length === 0 && <p className="text-sm text-dim">{t('manners.electricity.none')}</p>}
      {days.length > 0 && (
        <table className="w-full max-w-2xl border-collapse text-sm">
          <thead className="text-xs text-dim">
            <tr>
              <th scope="col" className="pb-1.5 text-start font-normal">
                {t('manners.electricity.period')}
              </th>
              {(['used', 'cost', 'net'] as const).map((column) => (
                <th key={column} scope="col" className="pb-1.5 text-end font-normal">
                  {t(`manners.electricity.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {periods.map(({ days: count, totals }) => {
              const { wattHours, costMicroUsd } = energyOf(days, count, Date.now());
              const net = summary ? netMicroUsd(summary[totals].netLamports, netPrice, costMicroUsd) : null;
              return (
                <tr key={count} className="border-t border-line">
                  <th scope="row" className="py-1.5 text-start font-normal">
                    {count === 1 ? t('manners.electricity.today') : t('manners.electricity.days', { count })}
                  </th>
                  <td className="py-1.5 text-end">
                    {t('manners.electricity.kwh', { amount: (wattHours / 1000).toFixed(2) })}
                  </td>
                  <td className="py-1.5 text-end">{hasPrice ? formatMicroUsd(costMicroUsd, 3) : '–'}</td>
                  <td className={`py-1.5 text-end ${net !== null && net < 0 ? 'text-warn' : ''}`}>
                    {money(net)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      <p className="mt-2 text-xs text-dim">
        {days.length > 0 && month.measured !== 'all' && t(`manners.electricity.${month.measured}`)}{' '}
        {netPrice !== null && t('manners.electricity.netNote')}
        {!hasPrice && (
          <>
            {t('manners.electricity.noPrice')}{' '}
            <a href="#/resources/limits" className="text-link underline underline-offset-2">
              {t('manners.electricity.setPrice')}
            </a>
          </>
        )}
      </p>
    </section>
  );
}

/** Earnings at the price of 10⁹ smallest units less the cost, in micro-dollars; null without a price. */
function netMicroUsd(lamports: string, microUsd: number | null, costMicroUsd: number): number | null {
  if (microUsd === null) return null;
  return Number((BigInt(lamports) * BigInt(microUsd)) / 1_000_000_000n) - costMicroUsd;
}

/** The last 30 days, renewed each minute; null until the first answer. */
function useEnergy(): Result<EnergyDay[]> | null {
  const [answer, setAnswer] = useState<Result<EnergyDay[]> | null>(null);
  useEffect(() => {
    let wanted = true;
    const read = () =>
      void client.request('resources.energy', { days: 30 }).then((result) => wanted && setAnswer(result));
    read();
    const timer = setInterval(read, renewMs);
    return () => {
      wanted = false;
      clearInterval(timer);
    };
  }, []);
  return answer;
}
