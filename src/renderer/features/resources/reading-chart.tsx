import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Resources } from '#contract/resources.ts';
import { formatBytes } from '../../lib/format.ts';
import { Chart } from '../../ui/chart.tsx';
import { type Column, Table } from '../../ui/table.tsx';

interface ReadingChartProps {
  readings: readonly Resources[];
  kind: 'cpu' | 'ram';
}

const gib = 1024 ** 3;
const keyOf = (reading: Resources) => reading.at;
const percent = (share: number | null) => (share === null ? '–' : `${Math.round(share * 100)} %`);

/** Load or memory over the last minutes, as a graph or as the table of its readings. */
export function ReadingChart({ readings, kind }: ReadingChartProps) {
  const { t, i18n } = useTranslation();
  const [asTable, setAsTable] = useState(false);
  const clock = useMemo(
    () =>
      new Intl.DateTimeFormat(i18n.language, {
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
        hour12: false,
      }),
    [i18n.language],
  );
  const times = useMemo(() => readings.map((reading) => reading.at), [readings]);
  const series = useMemo(
    () =>
      kind === 'cpu'
        ? [
            {
              label: t('resources.load'),
              color: 'info' as const,
              values: readings.map((one) => scaled(one.cpu.load, 100)),
            },
          ]
        : [
            {
              label: t('resources.used'),
              color: 'dim' as const,
              values: readings.map((one) => one.ram.usedBytes / gib),
            },
            {
              label: t('resources.engine'),
              color: 'accent' as const,
              values: readings.map((one) => one.own.engineBytes / gib),
            },
          ],
    [readings, kind, t],
  );
  const newestFirst = useMemo(() => (asTable ? [...readings].reverse() : []), [readings, asTable]);
  const last = readings.at(-1);
  const title = t(`resources.charts.${kind}`);
  return (
    <div>
      {asTable ? (
        <Table
          label={title}
          columns={columnsOf(kind, t, clock)}
          rows={newestFirst}
          keyOf={keyOf}
          rowHeightPx={30}
          className="h-[184px]"
        />
      ) : (
        <Chart
          label={title}
          kind="line"
          times={times}
          series={series}
          valueAxis={kind === 'cpu' ? t('resources.loadPercent') : t('resources.gib')}
          timeAxis={t('resources.time')}
          formatValue={(value) => (kind === 'cpu' ? `${Math.round(value)} %` : formatBytes(value * gib))}
          formatTick={(value) => String(Number(value.toPrecision(3)))}
          formatTime={(at) => clock.format(at)}
          formatTimeTick={(at) => clock.format(at)}
          max={kind === 'cpu' ? 100 : (last?.ram.totalBytes ?? gib) / gib}
          heightPx={160}
        />
      )}
      <button
        type="button"
        aria-pressed={asTable}
        onClick={() => setAsTable(!asTable)}
        className="mt-1 cursor-pointer rounded text-xs text-link hover:underline focus-visible:outline-2 focus-visible:outline-accent"
      >
        {asTable ? t('resources.showChart') : t('resources.showTable')}
      </button>
    </div>
  );
}

const scaled = (share: number | null, by: number) => (share === null ? null : share * by);

function columnsOf(
  kind: ReadingChartProps['kind'],
  t: (key: string) => string,
  clock: Intl.DateTimeFormat,
): Column<Resources>[] {
  const time: Column<Resources> = {
    key: 'at',
    title: t('resources.time'),
    width: '1fr',
    cell: (one) => clock.format(one.at),
  };
  if (kind === 'cpu') {
    return [
      time,
      {
        key: 'load',
        title: t('resources.load'),
        width: '6rem',
        align: 'end',
        cell: (one) => percent(one.cpu.load),
      },
    ];
  }
  return [
    time,
    {
      key: 'used',
      title: t('resources.used'),
      width: '6rem',
      align: 'end',
      cell: (one) => formatBytes(one.ram.usedBytes),
    },
    {
      key: 'engine',
      title: t('resources.engine'),
      width: '6rem',
      align: 'end',
      cell: (one) => formatBytes(one.own.engineBytes),
    },
  ];
}
