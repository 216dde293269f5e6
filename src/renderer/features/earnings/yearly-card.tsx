import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { YearlyRow } from '#contract/earnings.ts';
import type { EnergyDay } from '#contract/resources.ts';
import type { ErrorBody } from '#contract/result.ts';
import { formatAmount, shownUnit } from '../../lib/amount.ts';
import { client } from '../../lib/client.ts';
import { type FiatRate, formatFiat } from '../../lib/fiat.ts';
import { formatTokens } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { energyOfMonth } from './electricity.ts';
import { exportText } from './export-csv.ts';
import { monthStarts, yearlyCsv, yearTotals } from './yearly-summary.ts';

const yearsBack = 5;

interface YearlyCardProps {
  energy: readonly EnergyDay[] | null;
  rate: FiatRate | null;
}

/** What a year brought by network and asset, and the same by month as a file. */
export function YearlyCard({ energy, rate }: YearlyCardProps) {
  const { t, i18n } = useTranslation();
  const thisYear = new Date().getFullYear();
  const [year, setYear] = useState(thisYear);
  const { rows, error } = useYear(year);
  const [problem, setProblem] = useState<ErrorBody | null>(null);
  const totals = yearTotals(rows ?? []);
  const electricity = sumOf(Array.from({ length: 12 }, (_, index) => energyOfMonth(energy, year, index + 1)));
  const save = async () => {
    const csv = yearlyCsv(year, rows ?? [], energy, rate);
    setProblem((await exportText(`solanalm-earnings-${year}.csv`, csv)).error);
  };
  return (
    <section className="rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <h2 className="me-auto text-xs font-medium text-dim">{t('earnings.year.title', { year })}</h2>
        <SelectField
          label={t('earnings.year.choose')}
          hideLabel
          value={String(year)}
          options={Array.from({ length: yearsBack }, (_, index) => String(thisYear - index)).map((value) => ({
            value,
            title: value,
          }))}
          onChoose={(value) => setYear(Number(value))}
        />
        <Button size="small" disabled={totals.length === 0} onClick={save}>
          {t('earnings.year.save')}
        </Button>
      </div>
      {(problem ?? error) && <ErrorNote error={(problem ?? error) as ErrorBody} />}
      {rows && totals.length === 0 ? (
        <EmptyState title={t('earnings.year.empty', { year })} />
      ) : (
        <table aria-label={t('earnings.year.title', { year })} className="w-full text-sm">
          <thead className="text-xs text-dim">
            <tr>
              <th scope="col" className="px-2 pb-2 text-start font-normal">
                {t('earnings.year.asset')}
              </th>
              {(['jobs', 'gross', 'fee', 'cost', 'net', 'paid'] as const).map((name) => (
                <th
                  key={name}
                  scope="col"
                  className={`px-2 pb-2 text-end font-normal ${isWide(name) ? 'max-[1099px]:hidden' : ''}`}
                >
                  {t(name === 'paid' ? 'earnings.year.paid' : `earnings.breakdown.${name}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {totals.map(({ network, asset, decimals, jobs, gross, fee, cost, net, paid }) => (
              <tr key={`${network} ${asset}`} className="border-t border-line">
                <th scope="row" className="px-2 py-1.5 text-start font-medium">
                  <span className={network === 'test-credits' ? 'text-warn' : ''}>
                    {network === 'test-credits'
                      ? t('earnings.testCredits')
                      : shownUnit({ asset, decimals }, t).name}
                  </span>{' '}
                  <span className="text-xs text-dim">{network === 'test-credits' ? '' : network}</span>
                </th>
                <td className="px-2 py-1.5 text-end">{formatTokens(jobs)}</td>
                <td className="px-2 py-1.5 text-end max-[1099px]:hidden">
                  {formatAmount(gross, { asset, decimals })}
                </td>
                <td className="px-2 py-1.5 text-end max-[1099px]:hidden">
                  {formatAmount(fee, { asset, decimals })}
                </td>
                <td className="px-2 py-1.5 text-end max-[1099px]:hidden">
                  {formatAmount(cost, { asset, decimals })}
                </td>
                <td className="px-2 py-1.5 text-end">{formatAmount(net, { asset, decimals })}</td>
                <td className="px-2 py-1.5 text-end">{formatAmount(paid, { asset, decimals })}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {electricity !== null && (
        <p className="border-t border-line px-2 pt-2.5 text-sm text-dim">
          {t('earnings.year.electricity', { cost: formatFiat(electricity, 'USD', i18n.language) })}
        </p>
      )}
    </section>
  );
}

const isWide = (name: string) => name === 'gross' || name === 'fee' || name === 'cost';

function sumOf(months: readonly (bigint | null)[]): bigint | null {
  const known = months.filter((cost) => cost !== null);
  return known.length === 0 ? null : known.reduce((sum, cost) => sum + cost, 0n);
}

/** Read when the card is shown and when another year is chosen. */
function useYear(year: number): { rows: readonly YearlyRow[] | null; error: ErrorBody | null } {
  const [rows, setRows] = useState<readonly YearlyRow[] | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  useEffect(() => {
    let wanted = true;
    client.request('earnings.yearly', { monthStarts: monthStarts(year) }).then((answer) => {
      if (!wanted) return;
      if (answer.ok) setRows(answer.data);
      setError(answer.ok ? null : answer.error);
    });
    return () => {
      wanted = false;
    };
  }, [year]);
  return { rows, error };
}
