import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { BreakdownKey, BreakdownRow, Period } from '#contract/earnings.ts';
import type { ErrorBody } from '#contract/result.ts';
import { formatAmount, type ShownUnit, shownUnit } from '../../lib/amount.ts';
import { client } from '../../lib/client.ts';
import { formatTokens } from '../../lib/format.ts';
import { Chip } from '../../ui/chip.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Segments } from '../../ui/segments.tsx';
import { useChanges } from './use-changes.ts';

const periods = ['today', '7', '30', 'all'] as const satisfies readonly Period[];
const keys = ['type', 'model', 'gateway'] as const satisfies readonly BreakdownKey[];
const refreshMs = 2000;

/** What each type of work, model or gateway brought in a period, and its share of the whole. */
export function BreakdownCard({ unit }: { unit: ShownUnit }) {
  const { t } = useTranslation();
  const [period, setPeriod] = useState<Period>('7');
  const [by, setBy] = useState<BreakdownKey>('type');
  const { rows, error } = useBreakdown(period, by);
  const networks = new Set(rows?.map(({ network }) => network));
  /** Bars are compared within an asset alone. */
  const most = (asset: string) =>
    Math.max(0, ...(rows ?? []).map((row) => (row.asset === asset ? Number(row.netLamports) : 0)));
  return (
    <section className="rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <h2 className="me-auto text-xs font-medium text-dim">
          {t('earnings.breakdown.title', { unit: unit.name })}
        </h2>
        <Segments
          label={t('earnings.breakdown.by')}
          value={by}
          onChange={setBy}
          options={keys.map((value) => ({ value, title: t(`earnings.breakdown.keys.${value}`) }))}
        />
        <Segments
          label={t('earnings.range')}
          value={period}
          onChange={setPeriod}
          options={periods.map((value) => ({ value, title: t(`earnings.breakdown.periods.${value}`) }))}
        />
      </div>
      {error && <ErrorNote error={error} />}
      {rows?.length === 0 && <EmptyState title={t('earnings.breakdown.empty')} />}
      {rows && rows.length > 0 && (
        <table aria-label={t('earnings.breakdown.title', { unit: unit.name })} className="w-full text-sm">
          <thead className="text-xs text-dim">
            <tr>
              <th scope="col" className="px-2 pb-2 text-start font-normal">
                {t(`earnings.breakdown.keys.${by}`)}
              </th>
              {(['jobs', 'gross', 'fee', 'cost', 'net'] as const).map((name) => (
                <th
                  key={name}
                  scope="col"
                  className={`px-2 pb-2 text-end font-normal ${name === 'gross' || name === 'fee' ? 'max-[1099px]:hidden' : ''}`}
                >
                  {t(`earnings.breakdown.${name}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.key} ${row.network} ${row.asset}`} className="border-t border-line">
                <th scope="row" className="max-w-0 w-2/5 px-2 py-1.5 text-start font-medium">
                  <span className="flex items-center gap-2">
                    <span className="truncate" title={row.key}>
                      {by === 'type' ? t(`earnings.types.${row.key}`) : row.key}
                    </span>
                    {row.asset !== unit.asset && <Chip>{shownUnit(row, t).name}</Chip>}
                    {networks.size > 1 && (
                      <Chip look={row.network === 'test-credits' ? 'warn' : 'plain'}>{row.network}</Chip>
                    )}
                  </span>
                  <span className="mt-1 block h-1 rounded bg-panel-2" aria-hidden>
                    <span
                      className={`block h-1 rounded ${row.network === 'test-credits' ? 'bg-warn' : 'bg-earn'}`}
                      style={{
                        width: `${most(row.asset) === 0 ? 0 : (Number(row.netLamports) / most(row.asset)) * 100}%`,
                      }}
                    />
                  </span>
                </th>
                <Cell>{formatTokens(row.jobs)}</Cell>
                <Cell isWide>{formatAmount(row.grossLamports, row)}</Cell>
                <Cell isWide>{formatAmount(row.feeLamports, row)}</Cell>
                <Cell>{row.costLamports === '0' ? '–' : formatAmount(row.costLamports, row)}</Cell>
                <Cell>
                  {formatAmount(row.netLamports, row)}
                  {row.costLamports !== '0' && (
                    <span className="block text-xs text-dim">
                      {t('earnings.breakdown.yours', {
                        left: formatAmount(BigInt(row.netLamports) - BigInt(row.costLamports), row),
                      })}
                    </span>
                  )}
                </Cell>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Cell({ isWide = false, children }: { isWide?: boolean; children: React.ReactNode }) {
  return (
    <td className={`px-2 py-1.5 text-end align-top ${isWide ? 'max-[1099px]:hidden' : ''}`}>{children}</td>
  );
}

function useBreakdown(
  period: Period,
  by: BreakdownKey,
): { rows: BreakdownRow[] | null; error: ErrorBody | null } {
  const round = useChanges(refreshMs);
  const [rows, setRows] = useState<BreakdownRow[] | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  useEffect(() => {
    let wanted = round >= 0;
    client.request('earnings.breakdown', { period, by }).then((answer) => {
      if (!wanted) return;
      if (answer.ok) setRows(answer.data);
      setError(answer.ok ? null : answer.error);
    });
    return () => {
      wanted = false;
    };
  }, [period, by, round]);
  return { rows, error };
}
