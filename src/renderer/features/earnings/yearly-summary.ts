import { isUsdc, type Unit } from '#contract/assets.ts';
import { csvLine } from '#contract/csv-line.ts';
import type { YearlyRow } from '#contract/earnings.ts';
import type { EnergyDay } from '#contract/resources.ts';
import { type FiatRate, fiatOf } from '../../lib/fiat.ts';
import { energyOfMonth, localDay } from './electricity.ts';

/** Local midnights of 1 January to the next 1 January. */
export const monthStarts = (year: number): number[] =>
  Array.from({ length: 13 }, (_, month) => new Date(year, month, 1).getTime());

/** A year of one network and asset. */
export interface YearTotal extends Unit {
  network: string;
  jobs: number;
  gross: bigint;
  fee: bigint;
  net: bigint;
  cost: bigint;
  disputed: bigint;
  paid: bigint;
}

/** By network and asset, each added up over its months. */
export function yearTotals(rows: readonly YearlyRow[]): YearTotal[] {
  const totals = new Map<string, YearTotal>();
  for (const row of rows) {
    const key = `${row.network} ${row.asset}`;
    const { network, asset, decimals } = row;
    const before = totals.get(key) ?? {
      ...{ network, asset, decimals, jobs: 0, gross: 0n, fee: 0n, net: 0n, cost: 0n, disputed: 0n, paid: 0n },
    };
    totals.set(key, {
      ...before,
      jobs: before.jobs + row.jobs,
      gross: before.gross + BigInt(row.grossLamports),
      fee: before.fee + BigInt(row.feeLamports),
      net: before.net + BigInt(row.netLamports),
      cost: before.cost + BigInt(row.costLamports),
      disputed: before.disputed + BigInt(row.disputedLamports),
      paid: before.paid + BigInt(row.paidAtomic),
    });
  }
  return [...totals.values()];
}

const heading = [
  'month',
  'network',
  'asset',
  'jobs',
  'gross',
  'networkFee',
  'net',
  'providerCost',
  'disputed',
  'paid',
  'fiatCurrency',
  'fiatPerSol',
  'fiatPriceDay',
  'netInFiat',
];

/**
 * A year by month, network and asset as CSV: SOL with nine digits, tokens with theirs, or in their smallest unit while
 * those are not known. Electricity has lines of its own, in
 * dollars; test credits are worth nothing. A fiat figure is by the one price that is named beside it.
 */
export function yearlyCsv(
  year: number,
  rows: readonly YearlyRow[],
  energy: readonly EnergyDay[] | null,
  rate: FiatRate | null,
): string {
  const lines = rows.map((row) => {
    const isSol = row.asset === 'SOL';
    const amount = (atomic: string) => fixed(BigInt(atomic), row.decimals ?? 0);
    const isMoney = isSol && row.network !== 'test-credits';
    return [
      monthText(year, row.month),
      row.network,
      assetIn(row),
      `${row.jobs}`,
      ...[row.grossLamports, row.feeLamports, row.netLamports, row.costLamports, row.disputedLamports].map(
        amount,
      ),
      amount(row.paidAtomic),
      ...(rate && isMoney
        ? [
            rate.currency,
            microText(BigInt(rate.microPerSol)),
            localDay(rate.at),
            microText(fiatOf(BigInt(row.netLamports), rate)),
          ]
        : ['', '', '', '']),
    ];
  });
  const electricity = Array.from({ length: 12 }, (_, index) => index + 1).flatMap((month) => {
    const cost = energyOfMonth(energy, year, month);
    if (cost === null) return [];
    const empty = Array.from({ length: 7 }, () => '');
    return [[monthText(year, month), 'electricity', 'USD', ...empty, 'USD', '', '', microText(-cost)]];
  });
  return [heading, ...lines, ...electricity].map(csvLine).join('');
}

const monthText = (year: number, month: number) => `${year}-${String(month).padStart(2, '0')}`;
/** A mint is written out whole: only known ones have a name that nobody else can give to another. */
const assetIn = ({ asset, decimals }: YearlyRow) =>
  isUsdc(asset) ? 'USDC' : decimals === null ? `smallest units of ${asset}` : asset;
const microText = (micro: bigint) => fixed(micro, 6);

function fixed(value: bigint, digits: number): string {
  const text = `${value < 0n ? -value : value}`.padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  return `${value < 0n ? '-' : ''}${whole}${digits === 0 ? '' : `.${text.slice(-digits)}`}`;
}
