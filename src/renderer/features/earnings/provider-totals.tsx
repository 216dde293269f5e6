import { useTranslation } from 'react-i18next';
import type { ProviderTotals } from '#contract/earnings.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { formatMicroUsd, formatTokens } from '../../lib/format.ts';
import { useProviderTotals } from './use-provider-totals.ts';

const columns: readonly {
  key: Exclude<keyof ProviderTotals, 'provider'>;
  cell(row: ProviderTotals, unit: ShownUnit): string;
}[] = [
  { key: 'answers', cell: ({ answers }) => formatTokens(answers) },
  { key: 'costMicroUsd', cell: ({ costMicroUsd }) => formatMicroUsd(costMicroUsd) },
  { key: 'costLamports', cell: ({ costLamports }, unit) => formatAmount(costLamports, unit) },
  {
    key: 'commissionLamports',
    cell: ({ commissionLamports }, unit) => formatAmount(commissionLamports, unit),
  },
  { key: 'feeLamports', cell: ({ feeLamports }, unit) => formatAmount(feeLamports, unit) },
  { key: 'netLamports', cell: ({ netLamports }, unit) => formatAmount(netLamports, unit) },
];

const sum = (rows: readonly ProviderTotals[], of: (row: ProviderTotals) => string) =>
  rows.reduce((total, row) => total + BigInt(of(row)), 0n);

/**
 * What each provider cost and brought, and what is left when its bill is paid; nothing where none ever answered. In a narrow window each
 * provider is a block of its own.
 */
export function ProviderTotalsTable({ unit }: { unit: ShownUnit }) {
  const { t } = useTranslation();
  const totals = useProviderTotals();
  if (totals === null || totals.length === 0) return null;
  const net = sum(totals, (row) => row.netLamports);
  const cost = sum(totals, (row) => row.costLamports);
  return (
    <section className="rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <h2 className="mb-3 text-xs font-medium text-dim">
        {t('earnings.byProvider.title', { unit: unit.name })}
      </h2>
      <table aria-label={t('earnings.byProvider.title', { unit: unit.name })} className="w-full text-sm">
        <thead className="text-xs text-dim max-[1099px]:sr-only">
          <tr>
            <th scope="col" className="px-2 pb-2 text-start font-normal">
              {t('earnings.byProvider.provider')}
            </th>
            {columns.map(({ key }) => (
              <th key={key} scope="col" className="px-2 pb-2 text-end font-normal">
                {t(`earnings.byProvider.${key}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {totals.map((row) => (
            <tr
              key={row.provider}
              className="border-t border-line max-[1099px]:grid max-[1099px]:grid-cols-3 max-[1099px]:py-2"
            >
              <th scope="row" className="px-2 py-1.5 text-start font-medium max-[1099px]:col-span-3">
                {row.provider === 'cache' ? t('earnings.byProvider.cache') : row.provider}
              </th>
              {columns.map(({ key, cell }) => (
                <td key={key} className="px-2 py-1.5 text-end max-[1099px]:py-1 max-[1099px]:text-start">
                  <span aria-hidden className="block text-xs text-dim min-[1100px]:hidden">
                    {t(`earnings.byProvider.${key}`)}
                  </span>
                  {cell(row, unit)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="border-t border-line px-2 pt-2.5 text-sm text-dim">
        {t('earnings.byProvider.left', {
          unit: unit.name,
          net: formatAmount(net, unit),
          cost: formatAmount(cost, unit),
          left: formatAmount(net - cost, unit),
        })}
      </p>
    </section>
  );
}
