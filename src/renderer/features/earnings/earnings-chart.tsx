import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { SeriesPoint } from '#contract/earnings.ts';
import type { ErrorBody } from '#contract/result.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { client } from '../../lib/client.ts';
import { Chart } from '../../ui/chart.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Segments } from '../../ui/segments.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { entryTypes, typeColors } from './entry-type.ts';
import { useChanges } from './use-changes.ts';

const ranges = { hour: { bucket: 'hour', count: 24 }, day: { bucket: 'day', count: 30 } } as const;
type Range = keyof typeof ranges;

const chartHeightPx = 190;
const refreshMs = 1000;
const keyOf = (point: SeriesPoint) => point.at;

/** Net earnings by hour or day: what serving, training and reselling brought, one upon the other, or the table of the same figures. */
export function EarningsChart({ unit, testCredits }: { unit: ShownUnit; testCredits: boolean }) {
  const { t, i18n } = useTranslation();
  const [range, setRange] = useState<Range>('hour');
  const [view, setView] = useState<'chart' | 'table'>('chart');
  const { points, error } = useSeries(range);
  const formats = useMemo(() => timeFormats(i18n.language), [i18n.language]);
  const scale = 10 ** (unit.decimals ?? 0);
  const times = useMemo(() => points?.map((point) => point.at) ?? [], [points]);
  const series = useMemo(
    () =>
      entryTypes.map((type) => ({
        label: t(`earnings.types.${type}`),
        color: testCredits && type === 'inference' ? ('warn' as const) : typeColors[type],
        values: points?.map((point) => Number(point.byType[type]) / scale) ?? [],
      })),
    [t, testCredits, points, scale],
  );
  const newestFirst = useMemo(() => [...(points ?? [])].reverse(), [points]);
  const columns: Column<SeriesPoint>[] = [
    {
      key: 'at',
      title: t(`earnings.${range}`),
      width: '1fr',
      cell: (point) => formats[range].long.format(point.at),
    },
    {
      key: 'jobs',
      title: t('earnings.jobsColumn'),
      width: '6rem',
      align: 'end',
      cell: (point) => point.jobs,
    },
    ...entryTypes.map(
      (type): Column<SeriesPoint> => ({
        key: type,
        wideOnly: true,
        title: t(`earnings.types.${type}`),
        width: '9rem',
        align: 'end',
        cell: (point) => formatAmount(point.byType[type], unit),
      }),
    ),
    {
      key: 'net',
      title: t('earnings.net', { unit: unit.name }),
      width: '11rem',
      align: 'end',
      cell: (point) => formatAmount(point.netLamports, unit),
    },
  ];
  return (
    <section className="rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <h2 className="me-auto text-xs font-medium text-dim">{t(`earnings.chartTitles.${range}`)}</h2>
        <Segments
          label={t('earnings.range')}
          value={range}
          onChange={setRange}
          options={[
            { value: 'hour', title: t('earnings.byHour') },
            { value: 'day', title: t('earnings.byDay') },
          ]}
        />
        <Segments
          label={t('earnings.view')}
          value={view}
          onChange={setView}
          options={[
            { value: 'chart', title: t('earnings.chart') },
            { value: 'table', title: t('earnings.table') },
          ]}
        />
      </div>
      {error && <ErrorNote error={error} />}
      {view === 'table' ? (
        <Table
          label={t(`earnings.chartTitles.${range}`)}
          columns={columns}
          rows={newestFirst}
          keyOf={keyOf}
          rowHeightPx={32}
          className="h-[214px]"
        />
      ) : (
        <Chart
          label={t(`earnings.chartTitles.${range}`)}
          kind="bars"
          isStacked
          times={times}
          series={series}
          valueAxis={t('earnings.net', { unit: unit.name })}
          timeAxis={t(`earnings.${range}`)}
          formatValue={(value) => formatAmount(String(Math.round(value * scale)), unit)}
          formatTick={(value) => value.toLocaleString(i18n.language, { maximumSignificantDigits: 3 })}
          formatTime={(at) => formats[range].long.format(at)}
          formatTimeTick={(at) => formats[range].short.format(at)}
          heightPx={chartHeightPx}
        />
      )}
    </section>
  );
}

function timeFormats(language: string) {
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, options);
  return {
    hour: {
      short: format({ hour: '2-digit', minute: '2-digit', hour12: false }),
      long: format({ weekday: 'short', hour: '2-digit', minute: '2-digit', hour12: false }),
    },
    day: {
      short: format({ day: 'numeric', month: 'short' }),
      long: format({ weekday: 'short', day: 'numeric', month: 'short' }),
    },
  };
}

/** Reads the series again whenever entries came or changed. */
function useSeries(range: Range): { points: SeriesPoint[] | null; error: ErrorBody | null } {
  const [points, setPoints] = useState<SeriesPoint[] | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const changes = useChanges(refreshMs);
  useEffect(() => {
    let wanted = changes >= 0;
    const offsetMinutes = -new Date().getTimezoneOffset();
    client.request('earnings.series', { ...ranges[range], offsetMinutes }).then((answer) => {
      if (!wanted) return;
      if (answer.ok) setPoints(answer.data);
      setError(answer.ok ? null : answer.error);
    });
    return () => {
      wanted = false;
    };
  }, [range, changes]);
  return { points, error };
}
